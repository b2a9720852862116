import { draw, PARAGRAPHS } from './texts.js';

/**
 * Items of a user and what hangs on them but runs. Item n has n % 3 prompts; the first item has `many` more, its first
 * prompt that many versions and labels, and the first of its labels has moved that often.
 *
 * Tags: `physics` (every second item), `area-0` to `area-99`, `early` (the oldest quarter) and `ancient` (the 25 oldest).
 */
export async function seedItems(client, userId, { items, many }) {
  await client.query(
    `with made as (
       insert into research_items (user_id, title, description, tags, created_at, updated_at)
       select $1, left(title.text, 40) || ' ' || i, left(description.text, 250),
         array_remove(array[case when i % 2 = 0 then 'physics' end, 'area-' || i % 100,
           case when i * 4 <= $2::integer then 'early' end, case when i <= 25 then 'ancient' end], null),
         at.time, at.time
       from generate_series(1, $2::integer) i
       join seed_paragraphs title on title.n = ${draw('i', 1, PARAGRAPHS)}
       join seed_paragraphs description on description.n = ${draw('i', 2, PARAGRAPHS)}
       cross join lateral (select now() - interval '2 years' * (1 - i::float8 / $2::integer) as time) at
       order by i returning id)
     insert into seed_items select row_number() over (order by id), id from made`,
    [userId, items],
  );
  await client.query(
    `with made as (
       insert into prompts (user_id, research_item_id, name, latest_version)
       select $1, i.id, 'prompt-' || p, case when i.n = 1 and p = 1 then $2::integer else 1 end
       from seed_items i, generate_series(1, (i.n % 3 + case when i.n = 1 then $2::integer else 0 end)::integer) p
       order by i.n, p returning id, research_item_id, latest_version)
     insert into seed_prompts select row_number() over (order by id), id, research_item_id, latest_version from made`,
    [userId, many],
  );
  await client.query(
    `insert into prompt_versions (prompt_id, user_id, version, template, system, variables, settings)
     select p.id, $1, v, t.text || E'\\n\\nTell me about {{topic}}.', 'You are a researcher.',
       '[{"name": "topic", "type": "string", "required": true}]', '{"max_tokens": 1024}'
     from seed_prompts p, generate_series(1, p.versions) v
     join seed_paragraphs t on true
     where t.n = ${draw('p.id + v', 3, PARAGRAPHS)}
     order by p.n, v`,
    [userId],
  );
  await seedLabels(client, userId, many);
}

async function seedLabels(client, userId, many) {
  await client.query(
    `insert into prompt_labels (prompt_id, user_id, label, version, set_at)
     select p.id, $1, 'label-' || l, 1, now()
     from seed_prompts p, generate_series(1, case when p.n = 1 then $2::integer else (p.n % 2)::integer end) l
     order by p.n, l`,
    [userId, many],
  );
  await client.query(
    `insert into prompt_label_moves (label_id, user_id, version, set_at)
     select l.id, $1, 1, now() - interval '1 minute' * m
     from prompt_labels l join seed_prompts p on p.id = l.prompt_id,
       generate_series(case when p.n = 1 and l.label = 'label-1' then $2::integer else 1 end, 1, -1) m
     where l.user_id = $1 order by l.id, m desc`,
    [userId, many],
  );
}
