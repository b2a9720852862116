import { createHmac } from 'node:crypto';
import Fastify from 'fastify';
import pg from 'pg';

/**
 * The least that could do the same: Fastify and pg alone, three routes on Dossier's own tables, and a key that is hashed and
 * looked up at every request. No validation, no log, no metrics, no request id, no ETag.
 */
const COLUMNS = `row.id, row.title, row.description, row.tags, row.created_at, row.updated_at`;
const COUNT = '(select count(*)::integer from prompts p where p.research_item_id = row.id) as prompt_count';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const fastify = Fastify();

async function userOf(request) {
  const hash = createHmac('sha256', 'pepper').update(request.headers.authorization.slice(7)).digest();
  const { rows } = await pool.query('select user_id, scopes from bench_keys where hash = $1', [hash]);
  return rows[0].user_id;
}

fastify.get('/api/v1/research-items/:id', async (request) => {
  const text = `select ${COLUMNS}, ${COUNT} from research_items row where id = $1 and user_id = $2`;
  const { rows } = await pool.query(text, [request.params.id, await userOf(request)]);
  return rows[0];
});

fastify.get('/api/v1/research-items', async (request) => {
  const limit = Number(request.query.limit);
  const text = `select ${COLUMNS}, ${COUNT} from research_items row where user_id = $1 order by id desc limit $2`;
  const { rows } = await pool.query(text, [await userOf(request), limit + 1]);
  return { items: rows.slice(0, limit), next_cursor: rows.length > limit ? String(rows[limit - 1].id) : null };
});

fastify.post('/api/v1/research-items', async (request, reply) => {
  const { title, description = null, tags = [] } = request.body;
  const text = `insert into research_items as row (user_id, title, description, tags) values ($1, $2, $3, $4)
    returning ${COLUMNS}, 0 as prompt_count`;
  const { rows } = await pool.query(text, [await userOf(request), title, description, tags]);
  return reply.status(201).header('location', `/api/v1/research-items/${rows[0].id}`).send(rows[0]);
});

process.stdout.write(`${JSON.stringify({ baseUrl: await fastify.listen({ port: 0, host: '127.0.0.1' }) })}\n`);
process.once('SIGTERM', () => void fastify.close().then(() => pool.end()));
