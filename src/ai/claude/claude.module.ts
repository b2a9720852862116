import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { ClaudeMetrics } from './claude.metrics.js';
import { ClaudeBatches } from './claude-batches.js';
import { ClaudeClient } from './claude-client.js';
import { ClaudeConnection } from './claude-connection.js';
import { ClaudeEndpoint } from './claude-endpoint.js';
import { ClaudeGateway } from './claude-gateway.js';

/** The way to Claude: the only module whose folder knows the SDK. */
@Module({
  providers: [ClaudeMetrics, ClaudeEndpoint, ClaudeConnection, ClaudeClient, ClaudeBatches, ClaudeGateway],
  exports: [ClaudeEndpoint, ClaudeClient, ClaudeBatches, ClaudeGateway],
})
export class ClaudeModule implements OnApplicationBootstrap {
  constructor(private readonly endpoint: ClaudeEndpoint) {}

  onApplicationBootstrap(): void {
    this.endpoint.announce();
  }
}
