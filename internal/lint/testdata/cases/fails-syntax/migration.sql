ALTER TABEL orders ADD kind text;
