import pg from 'pg';

/** Exits 0 when the PostgreSQL server of the URL takes a connection. */
const client = new pg.Client({ connectionString: process.argv[2], connectionTimeoutMillis: 3000 });
client.on('error', () => process.exit(1));
client.connect().then(
  () => process.exit(0),
  () => process.exit(1),
);
