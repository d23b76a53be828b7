// The verdict on findings and proof, and how a training's answer is read.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "doctor/diagnose.h"
#include "doctor/fix.h"
#include "doctor/print.h"
#include "doctor/routes.h"

namespace evergpu::doctor {
namespace {

Finding finding(Severity severity) {
  for (const Condition* condition : all_conditions()) {
    if (condition->severity == severity) return {condition, "", {}};
  }
  return {};
}

Proof trained(bool on_gpu) {
  Proof proof;
  proof.outcome = Proof::Outcome::trained;
  proof.on_gpu = on_gpu;
  return proof;
}

TEST(VerdictTest, TrainsOnAGpu) {
  EXPECT_EQ(verdict({}, trained(true)), 0);
  EXPECT_EQ(verdict({finding(Severity::notes)}, trained(true)), 0);
}

TEST(VerdictTest, TrainsWithWarningsOrOnTheCpuOrWasNotTried) {
  EXPECT_EQ(verdict({finding(Severity::warns)}, trained(true)), 1);
  EXPECT_EQ(verdict({}, trained(false)), 1);
  EXPECT_EQ(verdict({}, Proof()), 1);
}

TEST(VerdictTest, CannotTrain) {
  EXPECT_EQ(verdict({finding(Severity::blocks)}, Proof()), 2);
  Proof failed;
  failed.outcome = Proof::Outcome::failed;
  EXPECT_EQ(verdict({}, failed), 2);
}

TEST(ProofTest, TheLossMustFall) {
  EXPECT_EQ(read_proof({{"losses", {2.0, 1.0}}}).outcome, Proof::Outcome::trained);
  EXPECT_EQ(read_proof({{"losses", {1.0, 2.0}}}).outcome, Proof::Outcome::failed);
  EXPECT_EQ(read_proof({{"error", "no device"}, {"losses", {2.0, 1.0}}}).reason, "no device");
}

Machine on(const char* distribution, const char* like, bool administrator = false) {
  Machine machine;
  machine.os.family = "linux";
  machine.os.distribution = distribution;
  machine.os.like = like;
  machine.administrator = administrator;
  return machine;
}

TEST(FixTest, SpeaksTheDistributionsLanguage) {
  const PackageNames names = {.apt = "libx1", .dnf = "libx", .pacman = "x", .zypper = ""};
  const auto last = [&](const Machine& machine) {
    const Step step = install(machine, "Install x", names);
    return step.commands.empty() ? step.text : step.commands.back();
  };
  EXPECT_EQ(last(on("debian", "")), "sudo apt-get install -y libx1");
  EXPECT_EQ(last(on("linuxmint", "ubuntu debian", true)), "apt-get install -y libx1");
  EXPECT_EQ(last(on("rocky", "rhel centos fedora")), "sudo dnf install -y libx");
  EXPECT_EQ(last(on("arch", "")), "sudo pacman -S --needed --noconfirm x");
  EXPECT_NE(last(on("nixos", "")).find("libx1"), std::string::npos);
}

TEST(RouteTest, EveryTravellerArrives) {
  for (const std::string& level : levels) {
    for (const std::string& library : libraries) {
      for (const std::string& vendor : vendors) {
        for (const std::string& system : systems) {
          const Traveller traveller = {level, library, vendor, system};
          ASSERT_TRUE(check(traveller).ok());
          const Machine machine = usual_machine(traveller);
          const Route route = route_of(traveller, machine);
          SCOPED_TRACE(level + " " + library + " " + vendor + " " + system);
          EXPECT_FALSE(route.title.empty() || route.reason.empty() || route.script.empty());
          const std::vector<Step> steps = steps_of(route, machine);
          ASSERT_GE(steps.size(), 3U);
          ASSERT_EQ(steps.back().commands.size(), 1U);
          EXPECT_NE(steps.back().commands[0].find("first_training.py"), std::string::npos);
        }
      }
    }
  }
}

}  // namespace
}  // namespace evergpu::doctor
