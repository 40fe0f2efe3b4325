CREATE SEQUENCE order_no;
CREATE TABLE t (id numeric PRIMARY KEY DEFAULT nextval('order_no'), code text DEFAULT 'T' || nextval('order_no'));
ALTER SEQUENCE order_no OWNED BY t.id;
