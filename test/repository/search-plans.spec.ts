import type { UserId } from '../../src/identity/user-id.js';
import { ResearchItemsRepository } from '../../src/research/research-items.repository.js';
import { SearchRepository } from '../../src/search/search.repository.js';
import type { SearchQuestion } from '../../src/search/search.types.js';
import { freshDatabase, onPostgres, type TestDatabase } from '../support/database.js';

const ITEMS = 12_000;
const SEARCHED = ['search_documents', 'research_items', 'prompts', 'prompt_versions', 'runs'];

// The embedded database holds the library of one person, and does not count its scans.
(onPostgres ? describe : describe.skip)('the plans of searches on PostgreSQL', () => {
  let database: TestDatabase;
  let owner: UserId;

  const sql = <Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> =>
    database.transaction.sql<Row>(text, values);

  beforeAll(async () => {
    database = await freshDatabase();
    [{ id: owner }] = (await sql<{ id: UserId }>(`insert into users (name) values ('Ada') returning id`)) as [
      { id: UserId },
    ];
    await sql(
      `insert into research_items (user_id, title, description)
       select $1, 'Tides ' || n, case when n % 2 = 0 then 'waves ' end || case when n % 100 = 0 then 'quasar' end
       from generate_series(1, $2::integer) n`,
      [owner, ITEMS],
    );
    await sql(
      `insert into prompts (user_id, research_item_id, name) select user_id, id, 'prompt' from research_items order by id`,
    );
    await sql(
      `insert into prompt_versions (prompt_id, user_id, version, template, variables, settings)
       select id, user_id, 1, 'On tides', '[]', '{}' from prompts order by id`,
    );
    await sql(
      `insert into runs (user_id, status, model, settings, messages, billing_state, billing_min_nano_usd, simulated, created_at)
       select user_id, 'running', 'm', '{}', '[{"role": "user", "content": "Why tides?"}]', 'none', 0, true, now()
       from research_items order by id`,
    );
    await sql(`update runs set status = 'failed'`);
    await sql('vacuum analyze');
  }, 120_000);
  afterAll(() => database.close());

  /** How often each of the searched tables was read from end to end, as PostgreSQL counts within a transaction. */
  const scans = () =>
    sql<{ name: string; count: number }>(
      'select relname as name, seq_scan as count from pg_stat_xact_user_tables where relname = any($1) order by relname',
      [SEARCHED],
    );

  /** The searched tables that are read from end to end in `work`. */
  async function scannedIn(work: () => Promise<unknown>): Promise<string[]> {
    return database.transaction.run(async () => {
      // As PostgreSQL would plan it if it were free to: a missing index would not show otherwise.
      await sql('set local enable_seqscan = on');
      // What the connection did just before may be counted already.
      const before = await scans();
      await work();
      return (await scans()).filter(({ count }, index) => count !== before[index]?.count).map(({ name }) => name);
    });
  }

  it('are told from a scan, where there is one', async () => {
    expect(await scannedIn(() => sql(`select from research_items where description like '%quasar%'`))).toEqual([
      'research_items',
    ]);
  });

  const questions: Partial<SearchQuestion>[] = [
    { q: 'tides' },
    { q: 'waves tides' },
    { q: 'quasar' },
    { q: '"tides waves"' },
    { q: '-tides' },
    { q: 'nowhere' },
    { q: 'tides', type: 'run' },
    { q: 'tides', researchItemId: 5 },
    { q: 'tides', days: { from: '2020-01-01', to: '2021-06-01' } },
  ];

  // More often than PostgreSQL makes a plan for the values at hand: the plan for any values must be good as well.
  it.each(questions)('read no large table from end to end for $q', async (question) => {
    const repository = new SearchRepository(database.transaction);
    for (let time = 0; time < 8; time += 1) {
      const search = () => repository.find(owner, { q: '', days: {}, ...question }, null, 21);
      expect(await scannedIn(search)).toEqual([]);
    }
  });

  it.each(['quasar', 'nowhere'])('read no large table from end to end for items with %s', async (q) => {
    const items = new ResearchItemsRepository(database.transaction);
    for (let time = 0; time < 8; time += 1) {
      const list = () => items.list(owner, { q }, { limit: 20, beforeId: null, offset: 0 });
      expect(await scannedIn(list)).toEqual([]);
    }
  });
});
