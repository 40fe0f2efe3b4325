insert into b values(1,7),(7,2);
insert into a values(1,1,7);
