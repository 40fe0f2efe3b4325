DROP SEQUENCE "My App"."It's t_select_seq";
