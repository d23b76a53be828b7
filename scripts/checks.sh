# The checks of ./test. Each prints what it found and returns whether all was well; a failed one
# does not keep the others from running.

passed=()
failed=() # with the tests that failed, a line each

# check NAME COMMAND...
check() {
  local name=$1 tests=$log_folder/failed_tests
  shift
  rm -f "$tests"
  if "$@"; then
    passed+=("$name")
  else
    failed+=("$name$([ ! -s "$tests" ] || { echo; sed 's/^[[:space:]]*/        /' "$tests"; })")
  fi
}

# Prints the verdict; returns 1 when a check failed.
summary() {
  local name
  echo
  for name in "${passed[@]}"; do echo "passed  $name"; done
  for name in "${failed[@]}"; do echo "FAILED  $name"; done
  echo "${#passed[@]} checks passed, ${#failed[@]} failed, in $(clock $((SECONDS - started)))"
  [ "${#failed[@]}" -eq 0 ]
}

# unit_tests PRESET: builds it and runs its tests
unit_tests() {
  local definition definitions=()
  while IFS= read -r definition; do definitions+=("-D$definition"); done < <(cmake_definitions)
  quietly "configure-$1" cmake --preset "$1" "${definitions[@]}" -DEVERGPU_TESTS=ON || return 1
  quietly "build-$1" cmake --build "build/$1" || return 1
  # The sanitizers do not see into a Vulkan driver, so they run without one.
  local vulkan=VK_ICD_FILENAMES=none
  [ "$1" != release ] || vulkan=EVERGPU_REQUIRE_VULKAN=1
  quietly "ctest-$1" env "$vulkan" ctest --test-dir "build/$1" --output-on-failure --parallel "$(nproc)" || return 1
  echo "      $(grep -E 'tests passed' "$log_folder/ctest-$1.log")"
}

# pytest's options. A process on each core, up to four: each has a TensorFlow of its own.
pytest_options() {
  echo "-q -ra -p no:cacheprovider --color=no --dist=worksteal --numprocesses=$(($(nproc) < 4 ? $(nproc) : 4))"
}

# Without arguments the tests that CI holds to; with --all also the slow ones.
python_tests() {
  local files=() name
  for name in include_arrows hook scripts eager arguments op_sweep keras_parts keras_layers recurrent_layers default_kernels \
    environment doctor tune guides distribution statistics profile plans memory bench; do
    files+=("tests/python/test_$name.py")
  done
  [ "${1:-}" != --all ] || files=(tests/python)
  quietly pytest "$python" -m pytest $(pytest_options) "${files[@]}" || return 1
  echo "      $(grep -E '[0-9]+ passed' "$log_folder/pytest.log")"
}

# NAME FILES... [-k CHOICE]: Python tests on Vulkan; the environment says on which device.
vulkan_python_tests() {
  local name=$1
  shift
  quietly "pytest-$name" env EVERGPU_ADAPTER=vulkan "$python" -m pytest $(pytest_options) "$@" || return 1
  echo "      $name: $(grep -E '[0-9]+ passed' "$log_folder/pytest-$name.log")"
}

# On Vulkan, through Mesa's software driver. On a recent one, with device addresses (profile full): loops and library
# kernels with red zones around their arrays, a sample of the op sweep, eager programs, all models' gradients and
# losses, what is measured and counted; and products and convolutions with the tiles for GPUs. On the system's, with
# descriptors (profile baseline): the sample, three small models, and unit tests under the validation layer.
vulkan_tests() {
  local driver sweep=tests/python/test_op_sweep.py small_models="mlp or autoencoder or (convnet and not convnet_)"
  quietly fetch-mesa scripts/fetch_mesa || return 1
  driver=$(scripts/fetch_mesa)
  (
    export VK_DRIVER_FILES=$driver EVERGPU_VULKAN_PROFILE=full
    quietly ctest-vulkan env EVERGPU_REQUIRE_VULKAN=1 EVERGPU_RED_ZONES=1 EVERGPU_POISON=1 \
      ctest --test-dir build/release --output-on-failure --parallel "$(nproc)" \
      --tests-regex '^Vulkan(Loop|Reduce|Library|RedZones)[.]' || exit 1
    echo "      with red zones: $(grep -E 'tests passed' "$log_folder/ctest-vulkan.log")"
    EVERGPU_TEST_FULL=0 EVERGPU_TEST_SAMPLE=1 vulkan_python_tests full \
      tests/python/test_{models,op_sweep,eager,profile,statistics}.py \
      -k "not test_models or first_gradients or $small_models" &&
      vulkan_python_tests drivers tests/python/test_vulkan_drivers.py &&
      EVERGPU_TEST_FULL=0 EVERGPU_VULKAN_TILES=gpu vulkan_python_tests tiles $sweep tests/python/test_models.py \
        -k "Conv or MatMul or (test_models and (mlp or (convnet and not convnet_)))"
  ) || return 1
  EVERGPU_VULKAN_PROFILE=baseline quietly validate-vulkan scripts/validate_vulkan \
    'VulkanLoop.*:VulkanReduce.*:VulkanLibrary.*:VulkanSequence.*:VulkanBytes.*:VulkanDevices.*:VulkanParts.*' || return 1
  EVERGPU_VULKAN_PROFILE=baseline EVERGPU_TEST_FULL=0 EVERGPU_TEST_SAMPLE=1 vulkan_python_tests baseline \
    $sweep tests/python/test_vulkan_bytes.py tests/python/test_models.py \
    -k "not test_models or $small_models"
}

# With cooperative matrices (profile matrix), which Mesa's software driver has in 26: unit tests.
matrix_tests() {
  quietly fetch-mesa-next scripts/fetch_mesa --next || return 1
  EVERGPU_REQUIRE_VULKAN=1 EVERGPU_REQUIRE_MATRICES=1 quietly unit-tests-matrices timeout 600 scripts/with_mesa_next \
    build/release/tests/unit/adapters_test --gtest_brief=1 \
    --gtest_filter='VulkanMatri*:*VulkanContraction.*/matrices:*VulkanSharedTile.*/gpu_matrices:*VulkanEpilogue.AfterMatrixProducts/gpu_matrices' || return 1
  echo "      matrices: $(grep -E 'PASSED' "$log_folder/unit-tests-matrices.log" | sed 's/.*] *//')"
}

cpp_files() { find src tests bench -name '*.cc' -o -name '*.h' | LC_ALL=C sort; }

format_check() {
  local files
  mapfile -t files < <(cpp_files)
  quietly clang-format clang-format --dry-run -Werror "${files[@]}"
}

tidy_check() { quietly clang-tidy "$python" scripts/tidy.py; }

# The guides as a site, in which every link leads somewhere.
site_check() { quietly site scripts/site; }

# The wheel as ./package makes it, installed into an environment that has never seen this folder.
wheel_check() {
  ./package || return 1
  quietly fresh-environment scripts/test_wheel
}
