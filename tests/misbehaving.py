"""Strategies from outside that misbehave, each a few lines: what they do, and what their trial's record must say."""

# ruff: noqa: E501 a table of one strategy a line
from __future__ import annotations

from pathlib import Path

MODULE = "misbehaving_strategies"
BEGIN = '''
import atexit, builtins, ctypes, gc, locale, os, random, signal, subprocess, sys, threading, time, warnings
import numpy as np
NEEDS = frozenset({"base", "features", "same-labels", "counts"})
def half(trial):
    return lambda examples: np.full((len(examples), 2), 0.5, np.float32)
def predicting(value):
    return lambda examples: value(len(examples))
class Loud(Exception):
    def __str__(self): raise RuntimeError("no text")
    __repr__ = __str__
class Silent(BaseException): pass
class Unpicklable(Exception):
    def __init__(self, a, b): super().__init__(a); self.lock = threading.Lock()
def honest(trial, resources):
    import torch
    x = resources.features(trial.labelled)
    w = np.linalg.lstsq(x, trial.labelled.labels * 2.0 - 1, rcond=None)[0]
    noise = np.random.rand() + random.random() + float(torch.rand(1))
    def predict(examples):
        p = 1 / (1 + np.exp(-(resources.features(examples) @ w + 0.01 * noise)))
        return np.column_stack([1 - p, p])
    return predict
'''

# name: (body of fit(trial, resources), what the error says; empty where nothing is wrong with the predictions)
FAIL: dict[str, tuple[str, str]] = {
    # It ends, or tries to.
    "exits_with_0": ("sys.exit(0)", "SystemExit: 0"),
    "exits_with_text": ("sys.exit('bye')", "SystemExit: bye"),
    "os_exits_with_0": ("os._exit(0)", "worker process died: it ended itself"),
    "os_exits_with_7": ("os._exit(7)", "exit status 7"),
    "kills_itself": ("os.kill(os.getpid(), signal.SIGKILL)", "died of SIGKILL"),
    "terminates_itself": ("os.kill(os.getpid(), signal.SIGTERM)", "died of SIGTERM"),
    "kills_its_group": ("os.killpg(0, signal.SIGKILL)", "died of SIGKILL"),
    "aborts": ("os.abort()", "died of SIGABRT"),
    "crashes": ("ctypes.string_at(0)", "died of SIGSEGV"),
    "overflows_the_stack": (
        "sys.setrecursionlimit(10**9)\n    class A:\n        def __repr__(self): return repr(self)\n    repr(A())",
        "died of SIGSEGV"),
    "exits_in_predict": ("return lambda e: sys.exit(0)", "SystemExit"),
    "dies_in_predict": ("return lambda e: os._exit(0)", "ended itself"),
    # It raises.
    "interrupts": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "raises_base_exception": ("raise Silent('own')", "Silent: own"),
    "raises_generator_exit": ("raise GeneratorExit", "GeneratorExit"),
    "raises_stop_iteration": ("raise StopIteration", "StopIteration"),
    "raises_system_error": ("raise SystemError", "SystemError"),
    "raises_what_has_no_text": ("raise Loud", "Loud: its message cannot be read: RuntimeError"),
    "raises_half_characters": (r"raise ValueError('\ud800 \udfff')", r"ValueError: \\ud800 \\udfff"),
    "raises_megabytes": ("raise ValueError('x' * 5_000_000)", "ValueError: x{400}"),
    "raises_escapes": (r"raise ValueError('\x1b[2J\x1b]0;title\x07 \u202e')", r"ValueError: \\u001b\[2J"),
    "raises_lines": (r"raise ValueError('a\nb\r\nc\x85d\u2028e')", "ValueError: a b c d e"),
    "raises_nul": (r"raise ValueError('a\x00b')", r"a\\u0000b"),
    "raises_what_cannot_be_sent": ("raise Unpicklable(1, 2)", "Unpicklable: 1"),
    "raises_a_group": ("raise ExceptionGroup('both', [ValueError('a'), TypeError('b')])", "ExceptionGroup: both"),
    "recurses": ("def f(): return f()\n    f()", "RecursionError"),
    "wants_all_memory": ("np.ones(1 << 50)", "MemoryError"),
    "fails_in_a_library": ("resources.features(trial.labelled) @ np.ones(3)", r"ValueError: .*\(misbehaving_strat.*py:"),
    "lacks_a_module": ("import no_such_module_at_all", "No module named 'no_such_module_at_all'"),
    "needs_what_it_did_not_ask_for": ("resources.sentences; resources.need_source_linear()", "did not ask for"),
    "reads_a_line": ("input('your name? ')", "EOFError"),
    "sets_a_recursion_limit": ("sys.setrecursionlimit(60)\n    def f(n): return f(n - 1) if n else 0\n    f(100)",
                               "Recursion|died"),
    # It writes into what trials share.
    "writes_into_the_base": ("resources.need_base().params['head.weight'][:] = 0", "read-only.*copy it first"),
    "trains_the_base_in_place": ("import torch\n    torch.from_numpy(resources.need_base().params['head.weight']).zero_()\n"
                                 "    return half(trial)", "wrote into resources.base.params.*copy it first"),
    "makes_the_base_writable": ("a = resources.need_base().params['head.bias']; a.setflags(write=True)\n    a += 1\n"
                                "    return half(trial)", "wrote into|cannot set WRITEABLE"),
    "writes_into_the_labels": ("trial.labelled.labels[:] = 0", "read-only"),
    "writes_into_the_labels_as_tensor": ("import torch\n    torch.from_numpy(trial.labelled.labels).zero_()\n"
                                         "    return half(trial)", "wrote into trial.labelled.y"),
    "writes_into_the_rows": ("trial.unlabelled.rows[:] = 0", "read-only"),
    "writes_into_the_rows_when_predicting": (
        "import torch\n    def p(e):\n        torch.from_numpy(trial.labelled.rows).zero_(); return half(trial)(e)\n"
        "    return p", "wrote into trial.labelled.rows"),
    "writes_into_the_corpus": ("trial.labelled.corpus.tokens.ids[:] = 0", "read-only"),
    "writes_into_the_corpus_as_tensor": (
        "import torch\n    torch.from_numpy(trial.labelled.corpus.tokens.ids).zero_(); return half(trial)",
        "died of SIGSEGV.*array that trials share"),
    "writes_into_the_counts": ("resources.counts(trial.labelled); from bench.learning.features import ngrams\n"
                               "    ngrams.counts(trial.labelled.corpus).data[:] = 0", "read-only"),
    # It predicts no probabilities.
    "returns_nothing": ("pass", "returned None, no predictor"),
    "returns_an_array": ("return np.zeros(3)", "no predictor"),
    "predicts_nothing": ("return lambda e: None", r"predicted nothing \(None\)"),
    "predicts_log_probabilities": ("return lambda e: np.log(half(trial)(e))", "log-probabilities: return np.exp"),
    "predicts_logits": ("return lambda e: np.tile([-3.0, 2.0], (len(e), 1))", "logits or margins"),
    "predicts_margins": ("return lambda e: np.linspace(-1, 1, len(e))", "one number per text"),
    "predicts_zeros": ("return lambda e: np.zeros((len(e), 2))", "all zero"),
    "predicts_one_column": ("return lambda e: np.full((len(e), 1), 0.5)", r"expected \(80, 2\)"),
    "predicts_the_other_way_round": ("return lambda e: half(trial)(e).T", "the other way round"),
    "predicts_labels": ("return lambda e: np.zeros(len(e), int)", "one number per text"),
    "predicts_names": ("return lambda e: np.full((len(e), 2), 'positive')", "values of the type <U8"),
    "predicts_complex": ("return lambda e: half(trial)(e) + 0j", "complex"),
    "predicts_objects": ("return lambda e: half(trial)(e).astype(object)", "object"),
    "predicts_booleans": ("return lambda e: np.tile([True, False], (len(e), 1))", "bool"),
    "predicts_nan": ("return lambda e: np.full((len(e), 2), np.nan)", "NaN"),
    "predicts_one_infinity": ("def p(e):\n        a = half(trial)(e); a[5, 1] = np.inf; return a\n    return p", "infinite"),
    "predicts_percent": ("return lambda e: 100 * half(trial)(e)", "rows that sum to 100"),
    "predicts_a_little_below_0": ("return lambda e: np.tile([1.1, -0.1], (len(e), 1))", "no probabilities"),
    "predicts_a_short_list": ("return lambda e: [[0.5, 0.5]] * 3", r"predicted \(3, 2\), expected"),
    "predicts_a_ragged_list": ("return lambda e: [[0.5, 0.5]] * (len(e) - 1) + [[1.0]]", "a list that is no array"),
    "predicts_a_generator": ("return lambda e: ([0.5, 0.5] for _ in range(len(e)))", "predicted a generator"),
    "predicts_a_sparse_matrix": ("import scipy.sparse\n    return lambda e: scipy.sparse.csr_matrix(half(trial)(e))",
                                 "toarray"),
    "predicts_with_gradients": ("import torch\n    return lambda e: torch.full((len(e), 2), 0.5, requires_grad=True)",
                                r"detach\(\)"),
    "predicts_a_masked_array": ("return lambda e: np.ma.masked_less(np.tile([0.4, 0.6], (len(e), 1)), 0.5)", "masked"),
    "predicts_a_text": ("return lambda e: 'positive'", "predicted a str"),
    "takes_no_examples": ("return lambda: half(trial)", "TypeError"),
}
# It disturbs others, or could, but predicts probabilities: its record is a good one.
DISTURB: dict[str, str] = {
    "prints": "print('epoch 1: loss 0.3'); print('{\"json\":'); return half(trial)",
    "prints_from_c": "os.write(1, b'from C\\n'); return half(trial)",
    "prints_through_the_original": "sys.__stdout__.write('original\\n'); return half(trial)",
    "prints_a_lot": "print('x' * 30_000); return half(trial)",
    "starts_a_program_that_prints": "subprocess.run(['echo', 'from a program']); return half(trial)",
    "kills_the_server_that_started_it": "os.kill(os.getppid(), signal.SIGKILL); time.sleep(0.5); return half(trial)",
    "closes_all_files": "os.closerange(3, 4096); return half(trial)",
    "closes_standard_output": "sys.stdout.close(); os.close(1); return half(trial)",
    "replaces_standard_output": "sys.stdout = None; sys.stderr = None; return half(trial)",
    "changes_the_folder": "os.chdir('/'); return half(trial)",
    "changes_the_environment": "os.environ.clear(); os.environ['PATH'] = 'nowhere'; return half(trial)",
    "changes_the_default_type": "import torch\n    torch.set_default_dtype(torch.float64); return half(trial)",
    "changes_generators": "import torch\n    torch.manual_seed(1); np.random.seed(1); random.seed(1); return half(trial)",
    "changes_thread_counts": "import torch\n    torch.set_num_threads(7); return half(trial)",
    "changes_how_errors_are_met": "np.seterr(all='raise'); warnings.simplefilter('error'); return half(trial)",
    "changes_signals": "[signal.signal(s, signal.SIG_IGN) for s in (signal.SIGINT, signal.SIGTERM)]; return half(trial)",
    "changes_the_path": "sys.path.clear(); sys.meta_path.reverse(); return half(trial)",
    "changes_the_locale": "locale.setlocale(locale.LC_ALL, 'C'); return half(trial)",
    "changes_the_umask": "os.umask(0o777); return half(trial)",
    "forgets_modules": "[sys.modules.pop(n) for n in list(sys.modules) if n.startswith('sklearn')]; return half(trial)",
    "turns_off_the_collector": "gc.disable(); gc.freeze(); return half(trial)",
    "traces": "sys.settrace(lambda *a: None); threading.setprofile(lambda *a: None); return half(trial)",
    "replaces_another_strategy": "import baselines.tfidf as t\n    t.fit = None; return half(trial)",
    "replaces_numpys_functions": "np.argsort = np.unique = None; return half(trial)",
    "replaces_the_scores": "import bench.runs.pool as p\n    p.failed_record = None; return half(trial)",
    "clears_what_is_cached": "from bench.runs import inputs\n    inputs.open_data.cache_clear(); return half(trial)",
    "leaves_a_thread": "threading.Thread(target=time.sleep, args=(600,)).start(); return half(trial)",
    "leaves_a_busy_daemon_thread": "threading.Thread(target=lambda: [None for _ in iter(int, 1)], daemon=True).start()\n"
                                   "    return half(trial)",
    "leaves_a_child": "subprocess.Popen(['sleep', '600']); return half(trial)",
    "leaves_a_child_in_another_session": "subprocess.Popen(['sleep', '601'], start_new_session=True); return half(trial)",
    "leaves_a_copy": "os.fork() or time.sleep(600); return half(trial)",
    "goes_on_as_two": "os.fork(); return half(trial)",
    "leaves_a_pool": "import multiprocessing\n    multiprocessing.get_context('fork').Pool(2); return half(trial)",
    "hangs_at_exit": "atexit.register(time.sleep, 600); return half(trial)",
    "exits_at_exit": "atexit.register(os._exit, 9); return half(trial)",
    "writes_into_every_open_file": "[os.write(n, b'\\xff' * 64) for n in range(3, 64) if _open(n)]; return half(trial)",
    "predicts_what_it_changes_later": (
        "a = np.full((80, 2), 0.5)\n    def p(e):\n        threading.Timer(0.5, a.fill, [9]).start(); return a\n"
        "    return p"),
    "predicts_a_list": "return lambda e: [[0.5, 0.5]] * len(e)",
    "predicts_a_data_frame": "import pandas as pd\n    return lambda e: pd.DataFrame(half(trial)(e))",
    "predicts_a_tensor": "import torch\n    return lambda e: torch.full((len(e), 2), 0.5)",
    "predicts_half_precision": "return lambda e: np.full((len(e), 2), 0.5, np.float16)",
    "predicts_whole_numbers": "return lambda e: np.tile([0, 1], (len(e), 1))",
    "predicts_a_matrix": "return lambda e: np.matrix(half(trial)(e))",
}
# It goes on for ever.
HANG: dict[str, str] = {
    "sleeps": "time.sleep(10_000)",
    "computes": "while True: pass",
    "ignores_signals": "[signal.signal(s, signal.SIG_IGN) for s in (1, 2, 15)]; time.sleep(10_000)",
    "hangs_in_predict": "return lambda e: time.sleep(10_000)",
    "waits_for_itself": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "waits_for_a_child": "subprocess.run(['sleep', '10000'])",
    "stops_itself": "os.kill(os.getpid(), signal.SIGSTOP)",
}
# It cannot be used at all: the whole file, and what `bench run` says before anything is trained.
REFUSE: dict[str, tuple[str, str]] = {
    "path": ("def fit(trial, resources, *, where=__import__('pathlib').Path('x')): pass", "setting where = PosixPath"),
    "function": ("def fit(trial, resources, *, loss=print): pass", "setting loss = <built-in function print>"),
    "a_set": ("def fit(trial, resources, *, words={1}): pass", r"setting words = \{1\}"),
    "nan": ("def fit(trial, resources, *, rate=float('nan')): pass", "setting rate = nan.*no finite number"),
    "huge": ("def fit(trial, resources, *, size=10**30): pass", "setting size.*64 bits"),
    "bytes": ("def fit(trial, resources, *, mark=b'x'): pass", "setting mark"),
    "nested": ("def fit(trial, resources, *, grid={'a': [1, {2}]}): pass", "setting grid"),
    "numbered_table": ("def fit(trial, resources, *, grid={1: 2}): pass", "keys are not all texts"),
    "half_character": (r"def fit(trial, resources, *, word='\ud800'): pass", "lone surrogate"),
    "required": ("def fit(trial, resources, *, rate): pass", "parameter rate has no default"),
    "third_parameter": ("def fit(trial, resources, rate): pass", "parameter rate has no default"),
    "anything": ("def fit(trial, resources, **settings): pass", r"\*\*settings takes anything"),
    "any_position": ("def fit(*args): pass", r"\*args takes anything"),
    "too_few": ("def fit(trial): pass", r"it takes \(trial\)"),
    "waits": ("async def fit(trial, resources): pass", "async"),
    "yields": ("def fit(trial, resources): yield", "generator"),
    "no_function": ("fit = 3", "has no function 'fit'"),
    "unknown_need": ("NEEDS = {'magic'}\ndef fit(trial, resources): pass", "needs .*'magic'"),
    "need_in_a_text": ("NEEDS = 'base'\ndef fit(trial, resources): pass", "its NEEDS is 'base'"),
    "no_syntax": ("\ndef fit(:\n", r"SyntaxError: .*\(no_syntax.py:2\)"),
    "fails": ("x = 1\ny = x / 0\n", r"ZeroDivisionError: division by zero \(fails.py:2\)"),
    "lacks": ("import no_such_module_at_all\n", r"No module named 'no_such_module_at_all' \(lacks.py:1\)"),
    "exits": ("import sys\nsys.exit(0)\n", "SystemExit: 0"),
    "dies": ("import os\nos._exit(0)\n", "worker process died"),
}
BEGIN += '''
def _open(number):
    import fcntl
    try: return bool(fcntl.fcntl(number, fcntl.F_GETFL) & (os.O_WRONLY | os.O_RDWR))
    except OSError: return False
'''


def write_module(folder: Path) -> Path:
    """The module of all but `REFUSE`, one function each."""
    bodies = {**{name: body for name, (body, _) in FAIL.items()}, **DISTURB, **HANG}
    functions = [f"def {name}(trial, resources):\n    {body}\n" for name, body in bodies.items()]
    path = folder / f"{MODULE}.py"
    path.write_text(BEGIN + "\n".join(functions))
    return path
