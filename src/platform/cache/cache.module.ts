import { Global, Module } from '@nestjs/common';
import { DatabaseIdentity } from '../database/database-identity.js';
import { SharedTexts } from './shared-texts.js';

/** What replicas share of what they have computed. */
@Global()
@Module({ providers: [SharedTexts, DatabaseIdentity], exports: [SharedTexts] })
export class CacheModule {}
