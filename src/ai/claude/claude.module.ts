import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { ClaudeMetrics } from './claude.metrics.js';
import { ClaudeClient } from './client/claude-client.js';
import { ClaudeConnection } from './client/claude-connection.js';
import { ClaudeEndpoint } from './client/claude-endpoint.js';
import { ClaudeGateway } from './gateway/claude-gateway.js';
import { ClaudeBatches } from './message-batches/claude-batches.js';

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
