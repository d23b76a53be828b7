// Python itself.
#include <fmt/format.h>

#include <algorithm>

#include "doctor/condition.h"
#include "doctor/fix.h"

namespace evergpu::doctor {
namespace {

const Condition python_table[] = {
    {"python.none", Part::python, Severity::blocks, "No Python was found",
     "TensorFlow and Keras are Python packages.",
     [](const Machine& m) { return when(m.python() == nullptr); }, make_environment,
     "https://www.python.org/downloads/"},

    {"python.version", Part::python, Severity::blocks, "TensorFlow has no packages for this Python",
     "pip will say that it finds no matching distribution; TensorFlow takes Python 3.10 to 3.13.",
     [](const Machine& m) {
       const system::Python* const python = m.python();
       return when(
           python != nullptr && !python->is_32_bit && !is_supported(*python),
           python == nullptr ? "" : fmt::format("Python 3.{}, {}", python->minor, python->program));
     },
     make_environment, "https://www.tensorflow.org/install/pip"},

    {"python.32-bit", Part::python, Severity::blocks, "This Python is the 32-bit one",
     "TensorFlow's packages are for 64-bit Python; pip will say that it finds no matching "
     "distribution.",
     [](const Machine& m) {
       return when(m.python() != nullptr && m.python()->is_32_bit,
                   m.python() == nullptr ? "" : m.python()->program);
     },
     make_environment, "https://docs.python.org/3/using/windows.html"},

    {"python.no-environment", Part::python, Severity::blocks,
     "TensorFlow needs an environment of its own",
     "An environment is a folder with a Python and packages of its own; the system's Python "
     "refuses "
     "packages (\"externally-managed-environment\"), or breaks by them.",
     [](const Machine& m) {
       const system::Python* const python = m.python();
       return when(python != nullptr && is_supported(*python) && !python->is_environment &&
                       !python->packages.contains("evergpu"),
                   python == nullptr ? "" : python->program);
     },
     make_environment, "https://peps.python.org/pep-0668/"},

    {"python.path", Part::python, Severity::warns, "PYTHONPATH or PYTHONHOME is set",
     "Python may load packages from other places than those that pip installs into.",
     [](const Machine& m) {
       const std::string value = m.variable("PYTHONPATH") + m.variable("PYTHONHOME");
       return when(!value.empty(), value);
     },
     [](const Machine&) {
       return std::vector{
           by_hand("Unset it where it is set, for example in ~/.bashrc, unless you "
                   "need it.")};
     },
     "https://docs.python.org/3/using/cmdline.html#envvar-PYTHONPATH"},
};

}  // namespace

std::span<const Condition> python_conditions() { return python_table; }

}  // namespace evergpu::doctor
