WITH x AS (SELECT 1) UPDATE orders SET note = '';
