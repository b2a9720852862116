import { type DynamicModule, Global, Module } from '@nestjs/common';
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
      providers: [{ provide: Config, useValue: config }, Secrets],
      exports: [Config, Secrets],
    };
  }
}
