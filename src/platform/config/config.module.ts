import { type DynamicModule, Global, Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Config } from './config.js';
import { Secrets } from './secrets.js';

/** Gives every module the one configuration object and the keys derived from its pepper. */
@Global()
@Module({})
export class ConfigModule {
  /** @param config what `loadConfig` made at boot. */
  static forRoot(config: Config): DynamicModule {
    return {
      module: ConfigModule,
      providers: [
        { provide: Config, useValue: config },
        // After the database: a pepper made for a start that then finds none would be an old one to the next start, which
        // compares a new one with the keys that are there.
        { provide: Secrets, inject: [Config, DataSource], useFactory: () => new Secrets(config) },
      ],
      exports: [Config, Secrets],
    };
  }
}
