-- atlas:txmode none

DROP DATABASE shop_archive;
