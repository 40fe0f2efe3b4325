CREATE TABLE seat (id integer NOT NULL, code integer NOT NULL, beside integer, CONSTRAINT seat_ref UNIQUE (id));
CREATE TABLE ticket (id integer PRIMARY KEY, seat_id integer, CONSTRAINT ticket_seat FOREIGN KEY (seat_id) REFERENCES seat (id) ON DELETE CASCADE);
ALTER TABLE seat ADD CONSTRAINT seat_beside FOREIGN KEY (beside) REFERENCES seat (id);
ALTER TABLE seat ADD PRIMARY KEY (id);
