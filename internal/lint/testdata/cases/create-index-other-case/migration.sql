create index if not exists NOTES on ONLY Orders (note);
