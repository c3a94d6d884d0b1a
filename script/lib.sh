# What the scripts share: where the project is, and a cache for the compiler.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

# build PRESET TARGET...: configures where needed and builds; silent unless something fails or takes long.
build() {
  local preset=$1 log
  shift
  log=$root/build/$preset.log
  mkdir -p "$root/build"
  [ -e "$root/build/$preset/build.ninja" ] || echo "Building ($preset); the first time takes some minutes." >&2
  (cd "$root" && { [ -e "build/$preset/build.ninja" ] || cmake --preset "$preset"; } &&
    cmake --build --preset "$preset" --target "$@") >"$log" 2>&1 || {
    cat "$log" >&2
    echo "The build failed; its output is in build/$preset.log" >&2
    return 1
  }
}
