/** Who may import whom (README, map of src). Types count: a wrong `import type` is the first step of a wrong import. */
const FEATURE = '^src/(?!rules/|policy/|cleansing/|db/|http/|graphql/|jobs/)([^/]+)/';
const COMPOSITION = '^src/(app|main|migrate|clients|policy|seed|services|tasks)\\.ts$';
const PACKAGES = 'node_modules';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'rules-are-pure',
      comment: 'What decides may import only what decides: no package, no node: module, no feature. Pass facts in.',
      severity: 'error',
      from: { path: '^src/rules/' },
      to: { pathNot: '^src/rules/' },
    },
    {
      name: 'policy-knows-rules-only',
      comment: 'Packs are data for the rules: they load without a database, a request or a feature.',
      severity: 'error',
      from: { path: '^src/policy/' },
      to: { path: '^src/', pathNot: '^src/(policy|rules)/' },
    },
    {
      name: 'cleansing-knows-itself-only',
      comment:
        'Cleansing turns text into text with packages and lists of its own: no feature, no database, no request.',
      severity: 'error',
      from: { path: '^src/cleansing/' },
      to: { path: '^src/', pathNot: '^src/cleansing/' },
    },
    {
      name: 'schemas-are-shapes',
      comment:
        'schemas.ts holds wire shapes: zod, closed sets, shared validators, other schemas.ts; nothing that does IO.',
      severity: 'error',
      from: { path: `${FEATURE}schemas\\.ts$` },
      to: {
        path: '^src/',
        pathNot: [
          '^src/(rules|cleansing)/',
          '/schemas\\.ts$',
          '^src/$1/(?!(service|repository|routes|resolvers)\\.ts)',
          '^src/(validation|context|errors|networks)\\.ts$',
        ],
      },
    },
    {
      name: 'repository-is-sql',
      comment: 'repository.ts turns arguments into SQL and rows into data: no service, no route, no other feature.',
      severity: 'error',
      from: { path: `${FEATURE}repository\\.ts$` },
      to: {
        path: '^src/',
        pathNot: ['^src/(db|rules|cleansing)/', '^src/[^/]+\\.ts$', '^src/$1/(?!(service|routes|resolvers)\\.ts)'],
      },
    },
    {
      name: 'repository-takes-types-only',
      comment: 'A repository that calls a rule or its feature decides inside a query; call it in the service.',
      severity: 'error',
      from: { path: '/repository\\.ts$' },
      to: { path: '^src/(?!db/)[^/]+/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'service-knows-no-protocol',
      comment:
        'The same service answers REST and GraphQL: nothing of a feature but routes.ts and resolvers.ts may know either.',
      severity: 'error',
      from: { path: FEATURE, pathNot: '/(routes|resolvers)\\.ts$' },
      to: { path: ['^src/(http|graphql)/', '/(routes|resolvers)\\.ts$'] },
    },
    {
      name: 'service-needs-no-framework',
      comment: 'The type of a logger is all that a service takes from a framework.',
      severity: 'error',
      from: { path: FEATURE, pathNot: '/(routes|resolvers)\\.ts$' },
      to: { path: `${PACKAGES}/(fastify|mercurius|graphql)`, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'doors-only-translate',
      comment:
        'routes.ts and resolvers.ts parse, call their own service and answer: no rule, no SQL, no other feature but its shapes.',
      severity: 'error',
      from: { path: `${FEATURE}(routes|resolvers)\\.ts$` },
      to: {
        path: '^src/',
        pathNot: [
          '^src/(http|graphql)/',
          '^src/$1/(?!repository)',
          '/schemas\\.ts$',
          '^src/(validation|context|errors)\\.ts$',
        ],
      },
    },
    {
      name: 'db-knows-no-feature',
      comment: 'src/db is a driver, a schema and a runner.',
      severity: 'error',
      from: { path: '^src/db/' },
      to: { path: '^src/', pathNot: '^src/db/' },
    },
    {
      name: 'helpers-know-no-feature',
      comment:
        'http, graphql, jobs and the shared modules serve features and know none; a type for the composition root is no knowledge.',
      severity: 'error',
      from: { path: ['^src/(http|graphql|jobs)/', '^src/[^/]+\\.ts$'], pathNot: COMPOSITION },
      to: { path: FEATURE, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'nobody-imports-the-root',
      comment:
        'app.ts, services.ts, tasks.ts, seed.ts and the commands main.ts, migrate.ts, clients.ts and policy.ts put the parts together; a part that needs them is upside down.',
      severity: 'error',
      from: { path: '^src/', pathNot: COMPOSITION },
      to: { path: COMPOSITION },
    },
    {
      name: 'no-cycle',
      comment: 'Modules that run in a circle cannot be read, or initialised, in an order.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'production-dependencies-only',
      comment: 'The image has no devDependencies; the one exception is tried and done without.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/logger\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-undeclared-package',
      comment: 'A package that only another package brought is gone with its next release.',
      severity: 'error',
      from: { path: '^(src|bench|test)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown'] },
    },
    {
      name: 'resolvable',
      comment: 'The import leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    // bench has packages of its own beside those of the service.
    combinedDependencies: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: PACKAGES },
    exclude: { path: '^coverage/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types', 'default'] },
  },
};
