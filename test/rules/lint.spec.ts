import { type Plant, PLANTS } from './lint-plants.js';
import { type Finding, PlantedProject, rulesByFile } from './planted-project.js';

const pathOf = (plant: Plant) => plant.at.replace('*', plant.it);

describe('the lint rules', () => {
  let project: PlantedProject;
  let findings: Finding[];

  beforeAll(async () => {
    project = await PlantedProject.create(Object.fromEntries(PLANTS.map((plant) => [pathOf(plant), plant.code])));
    findings = await project.lint();
  });

  afterAll(() => project.remove());

  it.each(PLANTS.filter(({ breaks }) => breaks.length > 0).map((plant) => [pathOf(plant), plant.breaks] as const))(
    'refuse %s by %j alone',
    (path, breaks) => {
      expect(rulesByFile(findings)[path]).toEqual([...breaks].sort());
    },
  );

  it.each(PLANTS.filter(({ breaks }) => breaks.length === 0).map(pathOf))('accept %s', (path) => {
    expect(rulesByFile(findings)[path]).toBeUndefined();
  });
});
