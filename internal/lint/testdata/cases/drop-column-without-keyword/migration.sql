alter table Orders drop if exists NOTE;
