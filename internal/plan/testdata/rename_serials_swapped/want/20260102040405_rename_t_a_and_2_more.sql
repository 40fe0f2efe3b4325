-- Rename column public.t.a to a_renamed. What runs meanwhile and uses the old name finds another column there and no error: stop it before.
ALTER TABLE public.t RENAME COLUMN a TO a_renamed;

-- Rename column public.t.b to a. What runs meanwhile and uses the old name finds another column there and no error: stop it before.
ALTER TABLE public.t RENAME COLUMN b TO a;

-- Rename column public.t.a_renamed to b. What runs meanwhile and uses the old name fails from now on.
ALTER TABLE public.t RENAME COLUMN a_renamed TO b;
