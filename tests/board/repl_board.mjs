// A board to be flashed: the real MicroPython (WebAssembly) with a file system, its UART on an inherited descriptor (a pty).
//   node repl_board.mjs MODULE FOLDER WIRE     what FOLDER holds is on the board; it is written back at every restart
// Like the RP2040 it runs /main.py, then gives the prompt; machine.reset() ends the process with RESET, for whoever starts it
// again. `machine` is made of levels that rest. This build collects no garbage while Python runs: hence the large heap.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [modulePath, folder, descriptor] = process.argv.slice(2);
const WIRE = Number(descriptor);
const RESET = 42;
const HEAP = 256 * 1024 * 1024;
const { loadMicroPython } = await import(pathToFileURL(modulePath).href);
const MACHINE = `
import os as _os, sys, wire
class _Machine:
    class UART:
        def __init__(self, *given, **named): pass
        def any(self): return wire.waiting()
        def read(self, count): return bytes([wire.next() for _ in range(count)])
        def write(self, data):
            for octet in data: wire.send(octet)
            wire.flush()
    class Pin:
        IN, OUT, PULL_UP, IRQ_FALLING = range(4)
        def __init__(self, number, *given, **named): self.number = number
        def value(self, level=None): return 0 if self.number == 6 else int(self.number not in (3,))
        def irq(self, *given): pass
    class PWM:
        def __init__(self, pin): pass
        def duty_u16(self, share): pass
        def freq(self, hertz): pass
    class WDT:
        def __init__(self, timeout): pass
        def feed(self): pass
    @staticmethod
    def reset():
        wire.restart()
        raise SystemExit
class _Os:
    def __getattr__(self, name): return getattr(_os, name)
    def urandom(self, count): return bytes([wire.chance() for _ in range(count)])
    def dupterm(self, stream): pass
    def stat(self, path):
        try:
            return _os.stat(path)
        except OSError as error:
            # The numbers of errors are WASI's here; the board's are those that mpremote knows.
            raise OSError(2 if error.errno == 44 else error.errno)
    def rename(self, old, new):
        # VfsPosix with a root joins both paths in one buffer, and renames the second to itself.
        wire.rename(old, new)
sys.modules['machine'] = _Machine
sys.modules['os'] = sys.modules['uos'] = _Os()
_os.umount('/')
_os.mount(_os.VfsPosix('/flash'), '/')
`;
let waiting = [];
let sending = [];
let restart = false;
const take = () => {
  const buffer = Buffer.alloc(512);
  try {
    waiting.push(...buffer.subarray(0, fs.readSync(WIRE, buffer)));
  } catch (error) {
    if (error.code !== 'EAGAIN') throw error;
  }
  return waiting.length;
};
const put = (data) => {
  for (let sent = 0; sent < data.length; ) {
    try {
      sent += fs.writeSync(WIRE, data, sent);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
};
const wire = {
  waiting: take,
  next: () => waiting.shift(),
  send: (octet) => sending.push(octet),
  flush: () => put(Buffer.from(sending.splice(0))),
  restart: () => { restart = true; },
  chance: () => Math.floor(Math.random() * 256),
};
const load = (mp, from, to) => {
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), `${to}/${entry.name}`];
    if (entry.isDirectory()) { mp.FS.mkdir(target); load(mp, source, target); } else mp.FS.writeFile(target, fs.readFileSync(source));
  }
};
// At every moment a test finds each file as it was or as it is, as on the board.
const save = (mp, from, to) => {
  fs.mkdirSync(to, { recursive: true });
  const names = mp.FS.readdir(from).filter((one) => one !== '.' && one !== '..');
  for (const gone of fs.readdirSync(to).filter((one) => !names.includes(one))) fs.rmSync(path.join(to, gone), { recursive: true });
  for (const name of names) {
    const [source, target, fresh] = [`${from}/${name}`, path.join(to, name), path.join(to, `.${name}`)];
    if (mp.FS.isDir(mp.FS.stat(source).mode)) save(mp, source, target);
    else {
      fs.writeFileSync(fresh, mp.FS.readFile(source));
      fs.renameSync(fresh, target);
    }
  }
};

const boot = async () => {
  const mp = await loadMicroPython({ heapsize: HEAP, stdout: (data) => put(data), linebuffer: false });
  mp.FS.mkdir('/flash');
  load(mp, folder, '/flash');
  const rename = (old, fresh) => {
    if (mp.FS.analyzePath(`/flash${fresh}`).exists) mp.FS.unlink(`/flash${fresh}`);
    mp.FS.rename(`/flash${old}`, `/flash${fresh}`);
  };
  mp.registerJsModule('wire', { ...wire, rename });
  mp.runPython(MACHINE);
  try {
    mp.runPython("exec(open('/main.py').read(), {'__name__': '__main__'})");
  } catch (error) {
    if (!restart) put(Buffer.from(`${error}\r\n`));
  }
  if (restart) {
    save(mp, '/flash', folder);
    process.exit(RESET);
  }
  mp.replInit();
  let recent = '';
  const step = () => {
    if (take()) {
      for (const octet of waiting.splice(0)) {
        recent = (recent + String.fromCharCode(octet)).slice(-3);
        if (recent === '\x05A\x01') {
          // Raw paste: this build waits for it in a way that never ends; "understood, not supported".
          put(Buffer.from('R\x00'));
          continue;
        }
        if (octet !== 5 && !recent.endsWith('\x05A')) mp.replProcessChar(octet);
        if (restart) break;
      }
      save(mp, '/flash', folder);
    }
    if (restart) process.exit(RESET);
    setTimeout(step, 1);
  };
  step();
};
await boot();
