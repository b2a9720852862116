import { Global, Module } from '@nestjs/common';
import { Cursors } from './cursors.js';
import { Pager } from './pager.js';

/** Cursors and pages for every list. */
@Global()
@Module({ providers: [Cursors, Pager], exports: [Cursors, Pager] })
export class PagingModule {}
