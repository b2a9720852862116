import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** The server on which databases are made. */
const SERVER = process.env.BENCH_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';

/** Sends statements on a connection of their own. */
export async function onServer(work, connectionString = SERVER) {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 3000 });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Makes an empty database, hands its URL to `work`, and drops it. */
export async function withDatabase(work) {
  const name = `dossier_bench_${randomBytes(6).toString('hex')}`;
  await onServer((client) => client.query(`create database ${name}`));
  const url = new URL(SERVER);
  url.pathname = `/${name}`;
  try {
    return await work(url.href);
  } finally {
    await onServer((client) => client.query(`drop database ${name} with (force)`));
  }
}
