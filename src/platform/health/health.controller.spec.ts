import { DatabaseUnavailableError, ShuttingDownError } from '../errors/platform.errors.js';
import { HealthController } from './health.controller.js';
import type { HealthRepository } from './health.repository.js';
import { Lifecycle } from './lifecycle.js';

describe('The probes', () => {
  const probes = (ping: () => Promise<void>) => {
    const lifecycle = new Lifecycle();
    return { lifecycle, health: new HealthController(lifecycle, { ping } as HealthRepository) };
  };
  const well = () => Promise.resolve();
  const away = () => Promise.reject(new DatabaseUnavailableError());

  it('are both good while the database answers', async () => {
    const { health } = probes(well);
    expect([health.live(), await health.ready()]).toEqual([{ status: 'ok' }, { status: 'ok' }]);
  });

  it('say alive but not ready without the database', async () => {
    const { health } = probes(away);
    expect(health.live()).toEqual({ status: 'ok' });
    await expect(health.ready()).rejects.toThrow(DatabaseUnavailableError);
  });

  it('say alive but not ready from the first moment of a shutdown, without asking the database', async () => {
    const { health, lifecycle } = probes(away);
    expect([lifecycle.stopping, lifecycle.signal.aborted]).toEqual([false, false]);
    lifecycle.onModuleDestroy();
    expect([lifecycle.stopping, lifecycle.signal.aborted]).toEqual([true, true]);
    expect(health.live()).toEqual({ status: 'ok' });
    await expect(health.ready()).rejects.toThrow(ShuttingDownError);
  });
});
