CREATE TABLE runs (id uuid, n int, CONSTRAINT pk_runs PRIMARY KEY (id));
CREATE TABLE old (id uuid, CONSTRAINT pk_old PRIMARY KEY (id));
CREATE TABLE other (id uuid, n int NOT NULL, CONSTRAINT pk_other PRIMARY KEY (id));
CREATE TABLE same (id uuid, CONSTRAINT pk_same PRIMARY KEY (id));
