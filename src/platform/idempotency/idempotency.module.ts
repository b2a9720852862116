import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { IdempotencyKey } from './idempotency-key.entity.js';
import { IdempotencySweep } from './idempotency-sweep.js';
import { Idempotency } from './idempotency.js';
import { IdempotencyRepository } from './idempotency.repository.js';

/** What is asked for twice under one key is done once. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([IdempotencyKey])],
  providers: [Idempotency, IdempotencyRepository, IdempotencySweep],
  exports: [Idempotency, IdempotencyRepository],
})
export class IdempotencyModule {}
