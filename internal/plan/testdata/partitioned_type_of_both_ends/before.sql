CREATE TABLE public.a (id int PRIMARY KEY);
CREATE TABLE public.p (at date NOT NULL, a_id int REFERENCES public.a (id), n int NOT NULL, m int GENERATED ALWAYS AS (n * 2) STORED) PARTITION BY RANGE (at);
CREATE INDEX ix_m ON public.p (m);
CREATE TABLE public.p1 PARTITION OF public.p FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
