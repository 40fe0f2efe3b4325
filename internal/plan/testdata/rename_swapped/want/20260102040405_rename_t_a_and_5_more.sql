-- Rename column public.t.a to a_renamed_. What runs meanwhile and uses the old name finds another column there and no error: stop it before.
ALTER TABLE public.t RENAME COLUMN a TO a_renamed_;

-- Rename column public.t."B" to a. What runs meanwhile and uses the old name finds another column there and no error: stop it before.
ALTER TABLE public.t RENAME COLUMN "B" TO a;

-- Rename column public.t.a_renamed_ to "B". What runs meanwhile and uses the old name fails from now on.
ALTER TABLE public.t RENAME COLUMN a_renamed_ TO "B";
