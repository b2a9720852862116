import { Global, Module } from '@nestjs/common';
import { RedisConnection } from './redis-connection.js';

/** What replicas share beside the database. */
@Global()
@Module({ providers: [RedisConnection], exports: [RedisConnection] })
export class RedisModule {}
