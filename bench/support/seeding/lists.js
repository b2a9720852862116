const OWN = 'user_id = $USER';
const runs = (name, query, filters, where) => ({
  name: `runs, ${name}`,
  path: `/ai/runs?${new URLSearchParams(query)}`,
  scope: ['runs', filters],
  rows: `runs where ${OWN} and ${where}`,
});
const items = (name, query, where) => ({
  name: `items, ${name}`,
  path: `/research-items?${new URLSearchParams(query)}`,
  scope: ['research-items', query],
  rows: `research_items where ${OWN} and ${where}`,
});

/**
 * Every list, its filters and their combinations: its path, the scope of its cursors, and SQL of its rows.
 * @param ids what `seed` answers
 */
export function listsOf({ itemId, promptId, labelledPromptId, adHocItemId, batchId }) {
  const prompt = runs('of a prompt', { prompt_id: promptId }, { promptId }, `prompt_id = ${promptId}`);
  const adHoc = { researchItemId: adHocItemId };
  return [
    items('all', {}, 'true'),
    { ...items('with their prompts', {}, 'true'), path: '/research-items?include=prompts' },
    items('a common tag', { tag: 'physics' }, `'physics' = any(tags)`),
    items('a tag of the oldest quarter', { tag: 'early' }, `'early' = any(tags)`),
    items('a rare tag', { tag: 'ancient' }, `'ancient' = any(tags)`),
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
      rows: `prompt_label_moves where ${OWN} and label_id = (select id from prompt_labels where prompt_id = ${promptId} and label = 'label-1')`,
    },
    runs('all', {}, {}, 'true'),
    ...['succeeded', 'failed', 'cancelled', 'interrupted', 'queued'].map((status) =>
      runs(status, { status }, { status }, `status = '${status}'`),
    ),
    prompt,
    ...['succeeded', 'interrupted'].map((status) =>
      runs(
        `of a prompt, ${status}`,
        { status, prompt_id: promptId },
        { status, promptId },
        `prompt_id = ${promptId} and status = '${status}'`,
      ),
    ),
    runs(
      'of a prompt and its item',
      { prompt_id: promptId, research_item_id: itemId },
      { promptId, researchItemId: itemId },
      `prompt_id = ${promptId}`,
    ),
    runs(
      'of a prompt and another item',
      { prompt_id: promptId, research_item_id: adHocItemId },
      { promptId, ...adHoc },
      'false',
    ),
    runs('of an item', { research_item_id: adHocItemId }, adHoc, `research_item_id = ${adHocItemId}`),
    runs(
      'of an item, failed',
      { status: 'failed', research_item_id: adHocItemId },
      { status: 'failed', ...adHoc },
      `research_item_id = ${adHocItemId} and status = 'failed'`,
    ),
    runs('of a batch', { batch_id: batchId }, { batchId }, `batch_id = ${batchId}`),
    runs(
      'of a batch, failed',
      { status: 'failed', batch_id: batchId },
      { status: 'failed', batchId },
      `batch_id = ${batchId} and status = 'failed'`,
    ),
    runs(
      'of a batch and a prompt',
      { prompt_id: promptId, batch_id: batchId },
      { promptId, batchId },
      `batch_id = ${batchId} and prompt_id = ${promptId}`,
    ),
    { name: 'batches', path: '/ai/batches?', scope: ['batches', {}], rows: `batches where ${OWN}` },
    { name: 'API keys', path: '/api-keys?', scope: ['api-keys', {}], rows: `api_keys where ${OWN}` },
    { name: 'users', path: '/users?', scope: ['users', {}], rows: 'users where true' },
    { name: 'usage by day', path: '/ai/usage?group_by=day' },
    { name: 'usage by model', path: '/ai/usage?group_by=model' },
    { name: 'usage by item', path: '/ai/usage?group_by=research_item' },
    { name: 'statistics, not kept', path: '/statistics' },
  ];
}
