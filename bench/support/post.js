/** Posts JSON on a connection that stays open, and answers the body as it comes. Throws when the answer is no success. */
export async function post(client, path, headers, json) {
  const { statusCode, body } = await client.request({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(json),
  });
  if (statusCode >= 300) throw new Error(`${path} answered ${statusCode}: ${await body.text()}`);
  return body;
}

/** What Claude's API wants to be called with. */
export const CLAUDE_HEADERS = { 'x-api-key': 'bench', 'anthropic-version': '2023-06-01' };
