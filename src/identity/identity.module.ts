import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ApiKeyGuard } from './api-key.guard.js';
import { ApiKey } from './api-keys/api-key.entity.js';
import { ApiKeyHasher } from './api-keys/api-key-hasher.js';
import { ApiKeysController } from './api-keys/api-keys.controller.js';
import { ApiKeysRepository } from './api-keys/api-keys.repository.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { Authenticator } from './api-keys/authenticator.js';
import { BootstrapRepository } from './bootstrap/bootstrap.repository.js';
import { BootstrapService } from './bootstrap/bootstrap.service.js';
import { KeyFile } from './bootstrap/key-file.js';
import { PepperWatch } from './bootstrap/pepper-watch.js';
import { MeController } from './users/me.controller.js';
import { User } from './users/user.entity.js';
import { UsersController } from './users/users.controller.js';
import { UsersRepository } from './users/users.repository.js';
import { UsersService } from './users/users.service.js';

/** Users, API keys, and the guard in front of everything under `/api/v1`. Others use its decorators and `UserId`. */
@Module({
  imports: [TypeOrmModule.forFeature([User, ApiKey])],
  controllers: [MeController, ApiKeysController, UsersController],
  providers: [
    { provide: APP_GUARD, useClass: ApiKeyGuard },
    ApiKeyHasher,
    ApiKeysRepository,
    ApiKeysService,
    Authenticator,
    BootstrapRepository,
    BootstrapService,
    KeyFile,
    PepperWatch,
    UsersRepository,
    UsersService,
  ],
})
export class IdentityModule {}
