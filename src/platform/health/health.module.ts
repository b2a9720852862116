import { Global, Module } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { HealthRepository } from './health.repository.js';
import { Lifecycle } from './lifecycle.js';

/** Probes, and the knowledge that a shutdown has begun. */
@Global()
@Module({ controllers: [HealthController], providers: [HealthRepository, Lifecycle], exports: [Lifecycle] })
export class HealthModule {}
