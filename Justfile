# SPDX-License-Identifier: GPL-2.0
#
# What can be done here. Each recipe is a script that tells the rest about itself; `./justw` brings what they need.

set positional-arguments

# What is built for, tested and booted: x86_64, aarch64, or um, which is user-mode Linux. Each is described in
# kernel/architectures.
export ARCH := env('ARCH', '')

# A kernel that was not built here, as kernel/external says: just KERNEL=FOLDER driver
export KERNEL := env('KERNEL', '')

_list:
    @{{just_executable()}} --list --unsorted

# boot to a shell with the driver loaded; Ctrl-A X leaves
[group('run'), no-exit-message]
run-qemu:
    @qemu/run

# boot, run COMMAND in the guest, print its output, exit with its status
[group('run'), no-exit-message]
guest +COMMAND:
    @qemu/run "$@"

# what a message costs, here and through the kernel's other queues, in instructions
[group('test'), no-exit-message]
bench *ARGUMENTS:
    @bench/run "$@"

# where the instructions of the system calls of a case go, function by function; -a: instruction by instruction
[group('test'), no-exit-message]
profile *ARGUMENTS:
    @bench/profile "$@"

# every test: lint, host, boot, guest; with KERNEL, the guest tests on that kernel; the last line sums up
[group('test'), no-exit-message]
test:
    @tests/run {{ if KERNEL == '' { 'lint host boot guest' } else { 'guest' } }}

# the guest tests on a kernel that looks for bugs in memory, locks and arithmetic
[group('test'), no-exit-message]
test-debug *PATTERN:
    @tests/run -k debug guest "$@"

# the fuzzer in a guest for SECONDS, led by the code that it reaches; or again a sequence that it has printed
[group('test'), no-exit-message]
fuzz *ARGUMENTS:
    @tests/fuzz/guest "$@"

# policy alone with libFuzzer, each TARGET for SECONDS: commands, records, queue, registry, or all
[group('test'), no-exit-message]
fuzz-host SECONDS *TARGET:
    @tests/fuzz/host/run "$@"

# which lines of the driver the guest tests run, and which they do not
[group('test'), no-exit-message]
coverage *ARGUMENTS:
    @tests/coverage "$@"

# the tests that need no guest
[group('test'), no-exit-message]
test-host:
    @tests/run host

# load of every kind for SECONDS, on four processors; on the kernel that looks for bugs: just stress SECONDS debug
[group('test'), no-exit-message]
stress SECONDS *KERNEL:
    @tests/stress "$@"

# load of every kind for SECONDS on the kernel that looks for data races; fails for one with the driver in it
[group('test'), no-exit-message]
test-kcsan SECONDS:
    @tests/kcsan "$@"

# small mistakes, one at a time: does a test fail for each? All of them take hours; PATTERN takes some, or a list
[group('test'), no-exit-message]
mutants *PATTERN:
    @tests/mutants/run "$@"

# the driver against the model of the contract for SECONDS, from a new seed or from SEED=N on; or on the debug kernel
[group('test'), no-exit-message]
model SECONDS *KERNEL:
    @tests/model/compare "$@"

# the guest tests, or those whose names match PATTERN
[group('test'), no-exit-message]
test-guest *PATTERN:
    @tests/run guest "$@"

# the image twice, from two fresh checkouts of the last commit: the same to the bit? Some minutes
[group('test'), no-exit-message]
reproducible:
    @tests/reproducible

# the Debian packages, installed and removed in a chroot of Debian 13; as root, many minutes
[group('test'), no-exit-message]
test-deb:
    @tests/run deb

# the driver as a part of the kernel: built, booted with parameters, and tried; some minutes
[group('test'), no-exit-message]
test-built-in:
    @tests/run built-in

# what can be said of aarch64 without its kernel: the driver compiles, mq-admin is static and small
[group('test'), no-exit-message]
test-cross:
    @tests/run cross

# formatting, clippy for host and driver, shellcheck
[group('test'), no-exit-message]
lint:
    @tests/run lint

# build/image (build/ARCH/image): bzImage, vmlinux and initramfs.cpio.gz, with the driver inside
[group('build')]
image:
    @image/build

# the same with Buildroot: build/buildroot/image. IMAGE=buildroot then makes other recipes take it
[group('build'), no-exit-message]
buildroot *ARCHITECTURE:
    @image/buildroot "$@"

# what the recipe before this needs where Debian's packages can be had, and the rest of the internet cannot
[group('build'), no-exit-message]
buildroot-offline *ARCHITECTURE:
    @image/buildroot-offline "$@"

# the kernel, into the cache
[group('build')]
kernel:
    @kernel/build

# the driver alone, into build/driver; for KERNEL, into build/external/driver
[group('build')]
driver:
    @kernel/module

# docs/architecture.svg and docs/top.svg, anew from what is there
[group('build'), no-exit-message]
pictures *WHICH:
    @docs/draw "$@"

# the Debian packages, into build/deb
[group('build')]
deb:
    @packaging/deb

# mq-admin, static
[group('build')]
admin:
    @image/static mq-admin

# remove what was built here; the cached kernel stays
[group('build')]
clean:
    rm -rf build target
