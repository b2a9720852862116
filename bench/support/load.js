import { Pool } from 'undici';

/**
 * Asks a server over `connections` connections, each its next request when the last is answered, and answers the requests per
 * second. Throws when any answer is no success: a figure about errors is none.
 * @param makeRequest path, method, headers and body of request number n
 */
export async function requestsPerSecond(url, makeRequest, { connections, durationMs }) {
  const pool = new Pool(url, { connections, pipelining: 1 });
  const begun = performance.now();
  let count = 0;
  const loop = async () => {
    while (performance.now() - begun < durationMs) {
      const { statusCode, body } = await pool.request(makeRequest(count));
      await body.dump();
      if (statusCode >= 300) throw new Error(`${url} answered ${statusCode}`);
      count += 1;
    }
  };
  try {
    await Promise.all(Array.from({ length: connections }, loop));
    return (count * 1000) / (performance.now() - begun);
  } finally {
    await pool.destroy();
  }
}
