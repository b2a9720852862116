import { Global, Module } from '@nestjs/common';
import { SharedTexts } from './shared-texts.js';

/** What replicas share of what they have computed. */
@Global()
@Module({ providers: [SharedTexts], exports: [SharedTexts] })
export class CacheModule {}
