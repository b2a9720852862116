import { Server } from 'node:net';
import { jest } from '@jest/globals';
import type { PinoLogger } from 'nestjs-pino';
import type { Config } from '../../../platform/config/config.js';
import { ClaudeEndpoint } from './claude-endpoint.js';

/** The next server that is to listen cannot, as where the process has no file descriptor left. */
function noListening(): void {
  jest.spyOn(Server.prototype, 'listen').mockImplementationOnce(function (this: Server) {
    process.nextTick(() => this.emit('error', new Error('EMFILE')));
    return this;
  });
}

describe('The endpoint of a simulated Claude', () => {
  const endpoint = () => new ClaudeEndpoint({ claude: { mode: 'simulated' } } as Config, {} as PinoLogger);

  afterEach(() => jest.restoreAllMocks());

  it('is started once, whoever asks, and again where it could not be', async () => {
    const simulated = endpoint();
    noListening();
    await expect(simulated.resolve()).rejects.toThrow('EMFILE');
    const [first, second] = await Promise.all([simulated.resolve(), simulated.resolve()]);
    expect(first).toEqual({ baseUrl: expect.stringMatching(/^http:/), apiKey: 'simulated' });
    expect(second).toEqual(first);
    await simulated.onApplicationShutdown();
    await expect(fetch(first.baseUrl)).rejects.toThrow('fetch failed');
  });

  it('that could not be started keeps no shutdown from its end', async () => {
    const simulated = endpoint();
    noListening();
    const asked = simulated.resolve().catch(String);
    await simulated.onApplicationShutdown();
    expect(await asked).toBe('Error: EMFILE');
    await simulated.onApplicationShutdown();
  });
});
