SELECT count(*) FILTER (WHERE NOT flaky) || ' are not flaky' FROM results
