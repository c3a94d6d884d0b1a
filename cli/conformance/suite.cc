#include "cli/conformance/suite.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "core/text.h"

namespace websub::cli::conformance {
namespace {

using SteadyClock = std::chrono::steady_clock;

bool NamesAny(const std::vector<std::string>& texts, const Case& one) {
  return std::any_of(texts.begin(), texts.end(),
                     [&](const std::string& text) { return Names(text, one); });
}

// The run of all cases, shared by the threads that take one after the other.
class Run {
 public:
  Run(Stage& stage, const std::string& role, const std::vector<Case>& cases,
      const std::function<void(const Progress&)>& progress)
      : stage_(stage), role_(role), cases_(cases), progress_(progress), results_(cases.size()) {
    counts_.all = cases.size();
  }

  void SideBySide(std::size_t jobs) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      if (!cases_[i].alone) order.push_back(i);
    }
    std::atomic<std::size_t> next{0};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < std::min(std::max<std::size_t>(jobs, 1), order.size()); ++i) {
      threads.emplace_back([&] {
        for (std::size_t at = next++; at < order.size(); at = next++) One(order[at]);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  void Alone() {
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      if (cases_[i].alone) One(i);
    }
  }
  std::vector<CaseResult> Take() { return std::move(results_); }

 private:
  void One(std::size_t at) {
    const Case& one = cases_[at];
    Tell(one.name, true, false);
    const auto began = SteadyClock::now();
    CaseResult result;
    result.requirement = &one.requirement();
    result.name = one.name;
    result.title = one.title;
    {
      Scene scene(stage_, role_);
      if (!scene.over()) Try(one, scene, result);
      if (scene.over()) result.outcome = Skipped("the run ended before it was through");
      result.evidence = scene.TakeEvidence();
    }
    result.took = std::chrono::duration_cast<Duration>(SteadyClock::now() - began);
    const bool failed = result.outcome.verdict == Verdict::kFailed;
    results_[at] = std::move(result);
    Tell(one.name, false, failed);
  }
  static void Try(const Case& one, Scene& scene, CaseResult& result) {
    try {
      result.outcome = one.run(scene);
    } catch (const std::exception& error) {
      result.outcome = Skipped(std::string("an error of this program: ") + error.what());
      result.internal_error = true;
    }
  }
  void Tell(const std::string& name, bool begins, bool failed) {
    const std::scoped_lock lock(mutex_);
    if (begins) {
      counts_.running.push_back(name);
    } else {
      counts_.running.erase(std::find(counts_.running.begin(), counts_.running.end(), name));
      ++counts_.done;
      counts_.failed += failed ? 1 : 0;
    }
    if (progress_) progress_(counts_);
  }

  Stage& stage_;
  const std::string& role_;
  const std::vector<Case>& cases_;
  const std::function<void(const Progress&)>& progress_;
  std::vector<CaseResult> results_;  // each written by the thread that runs its case
  std::mutex mutex_;
  Progress counts_;
};

}  // namespace

std::string_view Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return "passed";
    case Verdict::kFailed:
      return "failed";
    case Verdict::kSkipped:
      return "skipped";
    case Verdict::kUnobservable:
      break;
  }
  return "unobservable";
}

const Requirement& Case::requirement() const {
  const Requirement* found = FindRequirement(std::string_view(name).substr(0, name.find('/')));
  if (found == nullptr) throw std::logic_error("no requirement is named like the case " + name);
  return *found;
}

std::string_view Case::group() const {
  const Requirement& its = requirement();
  return its.level == Level::kBeyond ? its.section : std::string_view();
}

std::vector<std::string> Aliases(const Requirement& requirement) {
  std::vector<std::string> aliases;
  if (requirement.rocks == "-") return aliases;
  for (std::string_view rest = requirement.rocks; !rest.empty();) {
    const std::size_t end = rest.find(',');
    aliases.push_back("rocks:" + std::string(requirement.role) + ":" +
                      std::string(rest.substr(0, end)));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return aliases;
}

bool Names(const std::string& text, const Case& one) {
  const std::string_view name = one.name;
  if (name.size() >= text.size() && EqualIgnoringCase(name.substr(0, text.size()), text)) {
    return name.size() == text.size() || text.ends_with('/') || text.ends_with('-') ||
           name[text.size()] == '/' || name[text.size()] == '-';
  }
  const auto aliases = Aliases(one.requirement());
  return std::any_of(aliases.begin(), aliases.end(),
                     [&](const std::string& alias) { return EqualIgnoringCase(alias, text); });
}

bool Selects(const Selection& selection, const Case& one) {
  if (NamesAny(selection.skip, one)) return false;
  if (!selection.only.empty()) return NamesAny(selection.only, one);
  const Requirement& its = one.requirement();
  if (its.level == Level::kBeyond) {
    return selection.groups.contains("all") || selection.groups.contains(std::string(one.group()));
  }
  return its.level <= selection.level;
}

std::vector<CaseResult> RunCases(Stage& stage, const std::string& target_role,
                                 const std::vector<Case>& cases, std::size_t jobs,
                                 const std::function<void(const Progress&)>& progress) {
  Run run(stage, target_role, cases, progress);
  run.SideBySide(jobs);
  run.Alone();
  return run.Take();
}

}  // namespace websub::cli::conformance
