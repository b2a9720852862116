import { DataSource } from 'typeorm';
import { loadConfig } from './src/platform/config/config.js';
import { dataSourceOptions } from './src/platform/database/data-source.js';

/** For TypeORM's command line, such as `typeorm migration:generate -d ormconfig.ts`. */
export default new DataSource({
  ...(await dataSourceOptions(loadConfig())),
  entities: ['src/**/*.entity.ts'],
});
