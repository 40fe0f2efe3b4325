-- atlas:txmode none

ALTER TABLE public.events_2025 ADD CONSTRAINT events_kind FOREIGN KEY (kind) REFERENCES public.kinds(kind) NOT VALID;

ALTER TABLE public.events_2026 ADD CONSTRAINT events_kind FOREIGN KEY (kind) REFERENCES public.kinds(kind) NOT VALID;

-- Reads the whole partition and blocks nobody; fails if a row is against events_kind.
ALTER TABLE public.events_2025 VALIDATE CONSTRAINT events_kind;

-- Reads the whole partition and blocks nobody; fails if a row is against events_kind.
ALTER TABLE public.events_2026 VALIDATE CONSTRAINT events_kind;

-- Takes over the keys of the partitions, which are valid: nothing is read.
ALTER TABLE public.events ADD CONSTRAINT events_kind FOREIGN KEY (kind) REFERENCES public.kinds(kind);
