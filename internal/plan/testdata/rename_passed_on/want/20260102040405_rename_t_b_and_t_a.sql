-- Rename column public.t.b to c. What runs meanwhile and uses the old name finds another column there and no error: stop it before.
ALTER TABLE public.t RENAME COLUMN b TO c;

-- Rename column public.t.a to b. What runs meanwhile and uses the old name fails from now on.
ALTER TABLE public.t RENAME COLUMN a TO b;
