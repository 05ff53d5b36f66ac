// Runs the board's Python in MicroPython (WebAssembly): node micropython.mjs MODULE REPOSITORY  prints story.run().
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [modulePath, repository] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(modulePath).href);
const mp = await loadMicroPython({ heapsize: 256 * 1024, stdout: (line) => console.log(line) });
mp.FS.mkdir('/board');
mp.FS.mkdir('/board/hal');
mp.FS.mkdir('/board/hal/coprocessor');
const copy = (from, to) => mp.FS.writeFile(to, fs.readFileSync(path.join(repository, from)));
const plain = fs.readdirSync(path.join(repository, 'board/coprocessor')).filter((name) => name.endsWith('.py'));
for (const name of plain) copy(`board/coprocessor/${name}`, `/board/${name}`);
mp.FS.writeFile('/board/hal/__init__.py', '');
for (const name of ['__init__', 'frames', 'link', 'words']) {
  copy(`hal/coprocessor/${name}.py`, `/board/hal/coprocessor/${name}.py`);
}
copy('board/bench/story.py', '/board/story.py');
mp.runPython("import sys; sys.path.insert(0, '/board')\nimport story\nprint(story.run())");
