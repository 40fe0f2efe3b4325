ALTER VIEW names RENAME TO all_names;
