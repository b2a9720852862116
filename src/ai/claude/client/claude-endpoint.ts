import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { Config } from '../../../platform/config/config.js';
import type { RunningSimulator } from '../simulator/simulator.server.js';

const ANTHROPIC_API = 'https://api.anthropic.com';
/** The simulator's pace in milliseconds: fast enough to wait for, slow enough to see it stream. */
const SIMULATED_DELTA_MS = 15;

/** Where Claude is, and the key for it. */
export interface Endpoint {
  readonly baseUrl: string;
  readonly apiKey: string;
}

/** Decides between Anthropic's API and the simulator, which it starts when it is first asked for. */
@Injectable()
export class ClaudeEndpoint implements OnApplicationShutdown {
  private simulator: Promise<RunningSimulator> | null = null;

  constructor(
    private readonly config: Config,
    private readonly logger: PinoLogger,
  ) {}

  /** Whether answers come from the simulator. */
  get simulated(): boolean {
    return this.config.claude.mode === 'simulated';
  }

  /** Tells the operator at boot where answers come from. */
  announce(): void {
    if (!this.simulated) return;
    this.logger.warn(
      { event: 'claude_simulated' },
      'ANSWERS ARE SIMULATED: no call goes to Claude. Set ANTHROPIC_API_KEY for real answers.',
    );
  }

  /** Throws where the simulator could not be started; another call tries again. */
  async resolve(): Promise<Endpoint> {
    const { apiKey, baseUrl } = this.config.claude;
    if (!this.simulated) return { baseUrl: baseUrl ?? ANTHROPIC_API, apiKey: apiKey ?? '' };
    this.simulator ??= this.start().catch((error: unknown) => {
      this.simulator = null;
      throw error;
    });
    return { baseUrl: (await this.simulator).baseUrl, apiKey: 'simulated' };
  }

  async onApplicationShutdown(): Promise<void> {
    const simulator = await this.simulator?.catch(() => null);
    await simulator?.close();
  }

  private async start(): Promise<RunningSimulator> {
    const { startSimulator } = await import('../simulator/simulator.server.js');
    return startSimulator({ deltaMs: SIMULATED_DELTA_MS });
  }
}
