"""What tells code where, when and by whom it runs, by dotted origin, by attribute and by how it is called."""

import re

from agentgrader.access.reach import STANDARD, _all

_COMMAND = "the command line"
TERMINAL = "the terminal"
_ENVIRONMENT = "the environment"
_FOLDER = "the working directory"
_HOST = "the host"
_PYTHON = "the Python that runs it"
INSTALLED = "what is installed"
_USER = "the user"
_PROCESS = "the process"
_THREADS = "threads and tasks"
_CLOCK = "the clock"
_CHANCE = "chance"
_LOCALE = "the locale"
_NETWORK = "the network"
_PROGRAMS = "another program"
_LIBRARIES = "the system's libraries"
LIFETIME = "how long objects live"
EXCEPTION = "an exception of its caller"
FILES = "files at a path of its own"
WHERE = "where its files lie"
ADDRESSES = "addresses and hashes"
MAIN = "which module is run"
PRIVATE = "private parts of Python's library"
STATE = "what was set before"
_EARLIER = "what earlier calls gave"
_CALLER = "who calls it"
_UNCOMPARED = "texts that are not compared"
MAIN_MODULE = "__main__"
HIDDEN = "its surroundings by a name that cannot be told"

ASKING: dict[str, str] = {
    **_all(_COMMAND, "argparse.ArgumentParser optparse.OptionParser getopt"),
    **_all(TERMINAL, "argparse.HelpFormatter"),
    **_all(_COMMAND, "argv orig_argv flags _xoptions warnoptions dont_write_bytecode pycache_prefix ps1 ps2", "sys"),
    "builtins.__debug__": _COMMAND,
    **_all(TERMINAL, "os.fstat sys.stdin sys.__stdin__ sys.__stdout__ sys.__stderr__ os.isatty os.ttyname os.ctermid os.get_terminal_size"),
    **_all(TERMINAL, "shutil.get_terminal_size builtins.input getpass.getpass curses readline termios tty pty"),
    **_all(_ENVIRONMENT, "environ environb getenv getenvb putenv unsetenv get_exec_path path.expandvars", "os"),
    "shutil.which": _ENVIRONMENT,
    **_all(
        _FOLDER,
        "os.path.abspath os.path.relpath os.getcwd os.getcwdb os.chdir os.fchdir pathlib.Path.cwd pathlib.PosixPath.cwd contextlib.chdir",
    ),
    **_all(_HOST, "gethostname getfqdn gethostbyname gethostbyname_ex gethostbyaddr getaddrinfo if_nameindex", "socket"),
    **_all(_HOST, "uname cpu_count process_cpu_count getloadavg sched_getaffinity sysconf confstr statvfs", "os"),
    **_all(_HOST, "os.linesep os.pathsep os.altsep os.devnull"),
    **_all(_HOST, "platform sys.platform os.name multiprocessing.cpu_count uuid.getnode shutil.disk_usage psutil"),
    **_all(_PYTHON, "version version_info hexversion implementation api_version executable prefix exec_prefix", "sys"),
    **_all(_PYTHON, "base_prefix base_exec_prefix platlibdir path builtin_module_names abiflags _home winver", "sys"),
    **_all(_PYTHON, "site sysconfig"),
    **_all(INSTALLED, "importlib.metadata importlib.resources importlib.util.find_spec importlib.find_loader pkgutil pkg_resources"),
    **_all(_USER, "getuid geteuid getgid getegid getgroups getresuid getresgid getlogin getgrouplist path.expanduser", "os"),
    **_all(_USER, "getpass.getuser pwd grp spwd pathlib.Path.home pathlib.PosixPath.home"),
    **_all(_PROCESS, "getpid getppid getpgid getpgrp getsid times getpriority nice umask sched_getscheduler getxattr", "os"),
    **_all(_PROCESS, "getrecursionlimit gettrace getprofile getswitchinterval getallocatedblocks _debugmallocstats", "sys"),
    **_all(_PROCESS, "is_finalizing excepthook displayhook unraisablehook breakpointhook last_type last_value last_traceback", "sys"),
    **_all(_PROCESS, "last_exc modules get_int_max_str_digits get_asyncgen_hooks getdlopenflags call_tracing", "sys"),
    **_all(_PROCESS, "get_coroutine_origin_tracking_depth setrecursionlimit setswitchinterval set_int_max_str_digits", "sys"),
    **_all(_PROCESS, "decimal.getcontext decimal.setcontext logging.root logging.disable socket.setdefaulttimeout"),
    **_all(_PROCESS, "socket.getdefaulttimeout time.tzset warnings.simplefilter warnings.filterwarnings threading.stack_size"),
    **_all(_PROCESS, "warnings.filters warnings.onceregistry warnings.showwarning signal.getsignal signal.sigpending"),
    **_all(_PROCESS, "signal.pthread_sigmask faulthandler.is_enabled resource tracemalloc multiprocessing.current_process"),
    **_all(_PROCESS, "multiprocessing.parent_process multiprocessing.active_children multiprocessing.process"),
    MAIN_MODULE: MAIN,
    **_all(_THREADS, "current_thread currentThread active_count activeCount main_thread enumerate get_ident", "threading"),
    **_all(_THREADS, "threading.Thread threading.Timer threading.local _thread.start_new_thread contextvars.ContextVar"),
    **_all(_THREADS, "concurrent.futures multiprocessing.pool multiprocessing.Pool multiprocessing.dummy asyncio.create_task"),
    **_all(_THREADS, "asyncio.ensure_future asyncio.to_thread asyncio.run_coroutine_threadsafe queue.Queue sched"),
    **_all(_THREADS, "get_native_id _active _main_thread excepthook", "threading"),
    **_all(_THREADS, "thread.get_ident thread.get_native_id asyncio.current_task asyncio.all_tasks asyncio.get_running_loop"),
    **_all(_THREADS, "asyncio.get_event_loop asyncio._get_running_loop contextvars.copy_context"),
    **_all(_CLOCK, "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns process_time process_time_ns", "time"),
    **_all(_CLOCK, "thread_time thread_time_ns clock_gettime clock_gettime_ns localtime mktime ctime", "time"),
    **_all(_CLOCK, "timezone altzone daylight tzname get_clock_info", "time"),
    **_all(_CLOCK, "datetime.now datetime.today datetime.utcnow date.today date.fromtimestamp datetime.timestamp", "datetime"),
    **_all(_CLOCK, "timeit.default_timer email.utils.localtime email.utils.make_msgid"),
    **_all(_CHANCE, "random uniform triangular randint choice randrange sample shuffle choices normalvariate lognormvariate", "random"),
    **_all(_CHANCE, "expovariate vonmisesvariate gammavariate gauss betavariate binomialvariate paretovariate", "random"),
    **_all(_CHANCE, "weibullvariate getstate setstate getrandbits randbytes seed SystemRandom _inst", "random"),
    **_all(_CHANCE, "rand randn randint random random_sample choice shuffle permutation normal uniform seed get_state", "numpy.random"),
    **_all(_CHANCE, "secrets uuid.uuid1 uuid.uuid4 uuid.uuid6 uuid.uuid7 os.urandom os.getrandom ssl.RAND_bytes"),
    **_all(_LOCALE, "locale sys.getfilesystemencoding sys.getfilesystemencodeerrors os.device_encoding"),
    **_all(_CALLER, "logging.LogRecord logging.makeLogRecord logging.Handler logging.Filter logging.Formatter logging.setLogRecordFactory"),
    **_all(_CALLER, "logging.getLogRecordFactory warnings.catch_warnings warnings.warn_explicit warnings.WarningMessage"),
    **_all(_CALLER, "inspect.getmodule inspect.getmodulename inspect.getframeinfo inspect.getinnerframes traceback sys._getframe"),
    **_all(_EARLIER, "functools.lru_cache functools.cache functools.cached_property"),
    **_all(_UNCOMPARED, "inspect.getdoc inspect.getcomments inspect.get_annotations typing.get_type_hints"),
    **_all(HIDDEN, "pydoc.locate pydoc.safeimport pkgutil.resolve_name logging.config unittest.mock operator.methodcaller"),
    "tempfile": "the folder for temporary files",
    **_all(_NETWORK, "socket.socket socket.create_connection urllib.request http.client ftplib smtplib poplib imaplib"),
    **_all(_NETWORK, "xmlrpc.client requests httpx aiohttp urllib3"),
    **_all(_PROGRAMS, "subprocess os.system os.popen os.fork os.forkpty os.posix_spawn os.posix_spawnp multiprocessing.Process pexpect"),
    **_all(_PROGRAMS, "asyncio.create_subprocess_exec asyncio.create_subprocess_shell"),
    **_all(_PROGRAMS, "execl execle execlp execv execve execvp execvpe spawnl spawnle spawnlp spawnv spawnve spawnvp", "os"),
    **_all(_LIBRARIES, "ctypes.CDLL ctypes.cdll ctypes.util ctypes.LibraryLoader ctypes.dlopen cffi"),
    **_all(LIFETIME, "gc weakref sys.getrefcount"),
    **_all(WHERE, "inspect.getsource inspect.getsourcelines inspect.getsourcefile inspect.getfile inspect.getabsfile linecache"),
}
"""Dotted origin → what it asks. What is below an origin counts as well."""

PUBLIC = frozenset(
    {"_replace", "_asdict", "_fields", "_make", "_field_defaults", "_value_", "_name_", "_missing_", "_generate_next_value_"}
)
"""Names that are meant for users though they begin like private ones."""
HOLDERS = frozenset(".".join(parts[:end]) for parts in (name.split(".") for name in ASKING) for end in range(1, len(parts)))
"""Modules and classes with such names."""
SAME = {"posix": "os", "nt": "os", "posixpath": "os.path", "ntpath": "os.path", "genericpath": "os.path", "pydatetime": "datetime"}
"""A module by another name."""

ATTRIBUTES: dict[str, str] = {
    **_all(TERMINAL, "isatty"),
    **_all(_FOLDER, "getcwd getcwdb"),
    **_all(_HOST, "gethostname"),
    **_all(_USER, "getuid geteuid getlogin expanduser"),
    **_all(_PROCESS, "getpid getppid getrecursionlimit gettrace"),
    **_all(_THREADS, "current_thread main_thread"),
    **_all(_CLOCK, "utcnow perf_counter time_ns"),
    **_all(_CHANCE, "urandom uuid4"),
    **_all(LIFETIME, "getrefcount"),
}
"""Attribute of an object of which nothing else is known → what it asks."""
CALLED: dict[str, str] = {
    **_all(_CLOCK, "now today astimezone timestamp"),
    **_all(_COMMAND, "parse_args parse_known_args"),
}
"""The same for a method that is called without an argument."""
LOCATIONS = {
    **_all(WHERE, "__file__ __cached__ __spec__ __loader__ __path__ co_filename"),
    **_all(_CALLER, "__context__ __traceback__ tb_next tb_lineno"),
    **_all(_UNCOMPARED, "__doc__ __annotations__"),
}
"""The same, of whatever object."""
NAMES = {**LOCATIONS, **_all(TERMINAL, "get_ipython __IPYTHON__")}
"""A name that is bound nowhere → what it asks."""

WITHOUT: dict[str, tuple[int, str]] = {
    **dict.fromkeys(("time.gmtime", "time.asctime"), (1, _CLOCK)),
    "time.strftime": (2, _CLOCK),
    "email.utils.formatdate": (1, _CLOCK),
    "datetime.datetime.fromtimestamp": (2, _CLOCK),
    **dict.fromkeys(("random.Random", "numpy.random.default_rng", "numpy.random.RandomState"), (1, _CHANCE)),
    **dict.fromkeys(("os.listdir", "os.scandir"), (1, _FOLDER)),
}
"""What asks only if it gets fewer arguments than this."""

AT_A_PATH = frozenset(
    f"{module}.{name}"
    for module, names in {
        "builtins": "open",
        "io": "open open_code FileIO",
        "codecs": "open",
        "tokenize": "open",
        "os": "open stat lstat access listdir scandir walk fwalk readlink mkdir makedirs utime statvfs pathconf",
        "os.path": "exists lexists isfile isdir islink ismount getmtime getatime getctime getsize samefile realpath abspath",
        "glob": "glob iglob",
        "shutil": "copy copyfile copytree move",
        **dict.fromkeys(("gzip", "bz2", "lzma", "dbm", "shelve"), "open"),
        "sqlite3": "connect",
        "zipfile": "ZipFile is_zipfile",
        "tarfile": "open is_tarfile",
        "runpy": "run_path",
        "fileinput": "input FileInput",
    }.items()
    for name in names.split()
)
"""Functions that ask what there is at a path, their first argument."""
METHODS_OF_PATHS = frozenset(
    {"exists", "is_file", "is_dir", "is_symlink", "is_mount", "is_socket", "is_fifo", "stat", "lstat", "read_text", "read_bytes", "open"}
    | {"iterdir", "glob", "rglob", "walk", "samefile", "readlink", "resolve", "absolute", "touch", "mkdir"}
)
PATHS = frozenset({"pathlib.Path", "pathlib.PosixPath", "pathlib.WindowsPath", "pathlib.PurePath", "pathlib.PurePosixPath"})
JOINING = PATHS | {"os.path.join", "os.path.normpath", "os.path.abspath", "os.path.realpath", "os.path.dirname", "os.fspath"}
JOINING |= {"os.fsencode", "os.fsdecode", "builtins.str", "builtins.bytes"}
"""What makes a path whose beginning is that of the first argument."""
SEPARATORS = {"os.sep": "/", "os.path.sep": "/", "os.curdir": ".", "os.pardir": "..", "os.path.curdir": ".", "os.path.pardir": ".."}

OUTPUT = re.compile(r"sys\.std(?:out|err)(?:\.buffer)?")
WRITING = frozenset({"write", "writelines", "flush", "buffer"})
"""What may be done to an output without asking anything of it."""
BY_NAME = {"builtins.hasattr": _PYTHON, "builtins.dir": _PYTHON, "builtins.vars": HIDDEN}
"""What asks a module for its names."""
LOOKING = frozenset(_all("", "isinstance type getattr hasattr repr str id vars dir bool format", "builtins"))
"""Built-in functions that ask for the kind of an object."""
BY_ADDRESS = frozenset({"builtins.id", "builtins.hash"})
PENDING = frozenset({"sys.exc_info", "sys.exception"})
"""What asks for the exception that is handled: an offence only where the code itself handles none."""
IMPORT_FAILED = frozenset(f"builtins.{name}" for name in ("ImportError", "ModuleNotFoundError", "Exception", "BaseException"))

_TOPS = frozenset(name.partition(".")[0] for name in (*ASKING, *WITHOUT, *AT_A_PATH))


def plain(origin: str) -> list[str]:
    """Dotted names that ``origin`` is known by: ``logging.os.environ`` is ``os.environ``, and so is ``posix.environ``."""
    parts = origin.split(".")
    if parts[0] not in STANDARD:
        return [origin]
    names = [SAME.get(p.lstrip("_"), p.lstrip("_")) for p in parts]
    return [".".join([name, *parts[i + 1 :]]) for i, name in enumerate(names) if i == 0 or name.partition(".")[0] in _TOPS]
