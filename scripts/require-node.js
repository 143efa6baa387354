// Runs before every script on whatever Node is there, so it must parse on an old one.
var major = Number(process.versions.node.split('.')[0]);
if (major < 26) {
  console.error(
    'This needs Node 26 and runs on ' +
      process.versions.node +
      ': the install script of the npm package `node` was skipped, so run `npm rebuild node`, or install Node 26.',
  );
  process.exit(1);
}
