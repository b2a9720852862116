const OWN = 'user_id = $USER';

/** A list of runs under the names of query parameters. */
function runs(name, query) {
  const { status, prompt_id: promptId, research_item_id: researchItemId, batch_id: batchId } = query;
  const conditions = Object.entries(query).map(([column, value]) => `${column} = '${value}'`);
  return {
    name: `runs, ${name}`,
    path: `/ai/runs?${new URLSearchParams(query)}`,
    scope: ['runs', { status, promptId, researchItemId, batchId }],
    rows: ['runs where user_id = $USER', ...conditions].join(' and '),
  };
}

function items(name, query) {
  return {
    name: `items, ${name}`,
    path: `/research-items?${new URLSearchParams(query)}`,
    scope: ['research-items', query],
    rows: `research_items where ${OWN} and tags @> '{${query.tag ?? ''}}'`,
  };
}

const itemLists = () => [
  items('all', {}),
  { ...items('with their prompts', {}), path: '/research-items?include=prompts' },
  items('a common tag', { tag: 'physics' }),
  items('a tag of the oldest quarter', { tag: 'early' }),
  items('a rare tag', { tag: 'ancient' }),
];

const promptLists = ({ itemId, promptId, labelledPromptId }) => [
  {
    name: 'prompts',
    path: `/research-items/${itemId}/prompts?`,
    scope: ['prompts', { id: itemId }],
    rows: `prompts where ${OWN} and research_item_id = ${itemId}`,
  },
  {
    name: 'versions',
    path: `/prompts/${promptId}/versions?`,
    scope: ['versions', { id: promptId }],
    rows: `prompt_versions where ${OWN} and prompt_id = ${promptId}`,
  },
  {
    name: 'labels',
    path: `/prompts/${labelledPromptId}/labels?`,
    scope: ['labels', { id: labelledPromptId }],
    rows: `prompt_labels where ${OWN} and prompt_id = ${labelledPromptId}`,
  },
  {
    name: 'history of a label',
    path: `/prompts/${promptId}/labels/label-1/history?`,
    scope: ['label-history', { id: promptId, label: 'label-1' }],
    rows: `prompt_label_moves where ${OWN} and label_id = (
      select id from prompt_labels where prompt_id = ${promptId} and label = 'label-1')`,
  },
];

const runLists = ({ itemId, promptId, adHocItemId, batchId }) => [
  runs('all', {}),
  ...['succeeded', 'failed', 'cancelled', 'interrupted', 'queued'].map((status) => runs(status, { status })),
  runs('of a prompt', { prompt_id: promptId }),
  runs('of a prompt, succeeded', { status: 'succeeded', prompt_id: promptId }),
  runs('of a prompt, interrupted', { status: 'interrupted', prompt_id: promptId }),
  runs('of a prompt and its item', { prompt_id: promptId, research_item_id: itemId }),
  runs('of a prompt and another item', { prompt_id: promptId, research_item_id: adHocItemId }),
  runs('of an item', { research_item_id: adHocItemId }),
  runs('of an item, failed', { status: 'failed', research_item_id: adHocItemId }),
  runs('of a batch', { batch_id: batchId }),
  runs('of a batch, failed', { status: 'failed', batch_id: batchId }),
  runs('of a batch and a prompt', { prompt_id: promptId, batch_id: batchId }),
];

const otherLists = () => [
  { name: 'batches', path: '/ai/batches?', scope: ['batches', {}], rows: `batches where ${OWN}` },
  { name: 'API keys', path: '/api-keys?', scope: ['api-keys', {}], rows: `api_keys where ${OWN}` },
  { name: 'users', path: '/users?', scope: ['users', {}], rows: 'users where true' },
  { name: 'usage by day', path: '/ai/usage?group_by=day' },
  { name: 'usage by model', path: '/ai/usage?group_by=model' },
  { name: 'usage by item', path: '/ai/usage?group_by=research_item' },
  { name: 'statistics, not kept', path: '/statistics' },
];

/**
 * Every list with its filters and their combinations: its path, the scope of its cursors, and SQL of its rows.
 * @param ids what `seed` answers
 */
export function listsOf(ids) {
  return [...itemLists(), ...promptLists(ids), ...runLists(ids), ...otherLists()];
}
