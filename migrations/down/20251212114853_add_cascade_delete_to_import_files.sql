-- The same way back: the new key is checked while both tables can be read.
ALTER TABLE public.import_files
    ADD CONSTRAINT import_files_import_id_no_action
    FOREIGN KEY (import_id) REFERENCES public.imports (id);

ALTER TABLE public.import_files
    DROP CONSTRAINT import_files_import_id_fkey;

ALTER TABLE public.import_files
    RENAME CONSTRAINT import_files_import_id_no_action TO import_files_import_id_fkey;
