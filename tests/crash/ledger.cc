#include "tests/crash/ledger.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace websub::tests {

namespace {

constexpr std::size_t kMostFaults = 100;

struct Named {
  StreamId stream = 0;
  std::size_t number = 0;
  std::size_t filler = 0;
};

// "STREAM NUMBER FILLER\n", and so many bytes behind it.
std::optional<Named> ReadBody(std::string_view body) {
  Named named;
  std::size_t* const parts[] = {&named.stream, &named.number, &named.filler};
  const char* at = body.data();
  const char* const end = at + body.size();
  for (std::size_t* const part : parts) {
    const auto [rest, error] = std::from_chars(at, end, *part);
    if (error != std::errc() || rest == end) return std::nullopt;
    at = rest + 1;
  }
  const std::string_view filler(at, static_cast<std::size_t>(end - at));
  if (filler.size() != named.filler || filler.find_first_not_of('x') != filler.npos) {
    return std::nullopt;
  }
  return named;
}

// "m17".
std::int64_t ReadId(std::string_view text) {
  std::int64_t id = 0;
  if (!text.empty()) std::from_chars(text.data() + 1, text.data() + text.size(), id);
  return id;
}

}  // namespace

StreamId Ledger::AddStream(std::size_t topic, StreamKind kind) {
  const std::lock_guard lock(mutex_);
  Stream stream;
  stream.topic = topic;
  stream.kind = kind;
  streams_.push_back(std::move(stream));
  return streams_.size() - 1;
}

std::size_t Ledger::Begin(StreamId stream) {
  const std::lock_guard lock(mutex_);
  streams_[stream].promises.push_back(Promise::kOpen);
  streams_[stream].ids.push_back(0);
  return streams_[stream].promises.size() - 1;
}

void Ledger::End(StreamId stream_id, std::size_t number, Promise promise) {
  const std::lock_guard lock(mutex_);
  Stream& stream = streams_[stream_id];
  stream.promises[number] = promise;
  if (promise == Promise::kUnanswered) ++counts_.unanswered;
  if (promise == Promise::kRefused) ++counts_.refused;
  if (promise != Promise::kAccepted) return;
  ++counts_.accepted;
  stream.newest = static_cast<std::int64_t>(number);
  if (stream.kind == StreamKind::kNewest) return;
  for (auto& subscriber : subscribers_) {
    if (subscriber.topic != stream.topic || !subscriber.promised) continue;
    if (Missing(stream, subscriber.streams.at(stream_id), number)) ++outstanding_;
  }
}

std::string Ledger::Body(StreamId stream, std::size_t number, std::size_t filler) {
  return std::to_string(stream) + " " + std::to_string(number) + " " + std::to_string(filler) +
         "\n" + std::string(filler, 'x');
}

SubscriberId Ledger::AddSubscriber(std::size_t topic) {
  const std::lock_guard lock(mutex_);
  Subscriber subscriber;
  subscriber.topic = topic;
  for (StreamId i = 0; i < streams_.size(); ++i) {
    if (streams_[i].topic == topic) subscriber.streams.try_emplace(i);
  }
  subscribers_.push_back(std::move(subscriber));
  return subscribers_.size() - 1;
}

void Ledger::Verified(SubscriberId id) {
  const std::lock_guard lock(mutex_);
  Subscriber& subscriber = subscribers_[id];
  subscriber.promised = true;
  for (auto& [stream, arrivals] : subscriber.streams) {
    arrivals.from = streams_[stream].promises.size();
  }
}

void Ledger::Ending(SubscriberId id) {
  const std::lock_guard lock(mutex_);
  Subscriber& subscriber = subscribers_[id];
  subscriber.promised = false;
  for (const auto& [stream_id, arrivals] : subscriber.streams) {
    const Stream& stream = streams_[stream_id];
    if (stream.kind == StreamKind::kNewest) continue;
    for (std::size_t i = arrivals.from; i < stream.promises.size(); ++i) {
      if (Missing(stream, arrivals, i)) --outstanding_;
    }
  }
}

void Ledger::Ended(SubscriberId id) {
  const std::lock_guard lock(mutex_);
  subscribers_[id].ended = true;
  for (auto& [stream, arrivals] : subscribers_[id].streams) {
    arrivals.end = streams_[stream].promises.size();
  }
}

void Ledger::Arrived(SubscriberId subscriber_id, std::string_view body, std::string_view message_id,
                     int life) {
  const std::lock_guard lock(mutex_);
  ++counts_.deliveries;
  const auto named = ReadBody(body);
  if (!named || subscriber_id >= subscribers_.size() ||
      !subscribers_[subscriber_id].streams.contains(named->stream) ||
      named->number >= streams_[named->stream].promises.size()) {
    return Fault(counts_.unwanted, "something that nobody published to its topic arrived");
  }
  Subscriber& subscriber = subscribers_[subscriber_id];
  Stream& stream = streams_[named->stream];
  Arrivals& arrivals = subscriber.streams.at(named->stream);
  const std::size_t number = named->number;
  const std::string name = "subscriber " + std::to_string(subscriber_id) + ", stream " +
                           std::to_string(named->stream) + ", message " + std::to_string(number) +
                           " (" + std::string(message_id) + ")";
  const std::int64_t id = ReadId(message_id);
  std::int64_t& known = stream.ids[number];
  if (known == 0) known = id;
  if (known != id) {
    Fault(counts_.unwanted, name + ": also kept as m" + std::to_string(known));
  } else if (stream.promises[number] == Promise::kRefused && stream.kind == StreamKind::kEvery) {
    Fault(counts_.unwanted, name + ": it was refused");
  } else if (subscriber.ended && number >= arrivals.end) {
    Fault(counts_.unwanted, name + ": the subscription had ended");
  }
  if (arrivals.life.size() <= number) arrivals.life.resize(number + 1);
  if (arrivals.life[number] == 0) {
    FirstArrival(subscriber, named->stream, number, id, name);
    arrivals.newest = std::max(arrivals.newest, static_cast<std::int64_t>(number));
  } else {
    ++counts_.duplicates;
    if (arrivals.life[number] == life) {
      Fault(counts_.needless, name + ": twice in life " + std::to_string(life));
    }
  }
  arrivals.life[number] = life;
}

// Before it is written down as arrived.
void Ledger::FirstArrival(Subscriber& subscriber, StreamId stream_id, std::size_t number,
                          std::int64_t id, const std::string& name) {
  const Stream& stream = streams_[stream_id];
  const Arrivals& arrivals = subscriber.streams.at(stream_id);
  if (subscriber.promised && stream.kind == StreamKind::kEvery &&
      Missing(stream, arrivals, number)) {
    --outstanding_;
  }
  // Ids grow in the order of acceptance, over all publishers of a topic.
  if (id < subscriber.last_id) {
    Fault(counts_.reordered, name + ": after m" + std::to_string(subscriber.last_id));
  }
  subscriber.last_id = std::max(subscriber.last_id, id);
  if (arrivals.newest > static_cast<std::int64_t>(number)) {
    Fault(counts_.reordered, name + ": after number " + std::to_string(arrivals.newest));
  }
}

std::size_t Ledger::Outstanding() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = outstanding_;
  for (const auto& subscriber : subscribers_) {
    if (!subscriber.promised) continue;
    for (const auto& [stream, arrivals] : subscriber.streams) {
      if (NewestMissing(streams_[stream], arrivals)) ++count;
    }
  }
  return count;
}

CrashCounts Ledger::Count() const {
  const std::lock_guard lock(mutex_);
  CrashCounts counts = counts_;
  for (const auto& subscriber : subscribers_) {
    if (!subscriber.promised) continue;
    for (const auto& [id, arrivals] : subscriber.streams) {
      const Stream& stream = streams_[id];
      if (NewestMissing(stream, arrivals)) ++counts.lost;
      if (stream.kind == StreamKind::kNewest) continue;
      for (std::size_t i = arrivals.from; i < stream.promises.size(); ++i) {
        if (Missing(stream, arrivals, i)) ++counts.lost;
      }
    }
  }
  return counts;
}

std::vector<std::string> Ledger::Faults() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> faults = faults_;
  for (SubscriberId i = 0; i < subscribers_.size(); ++i) {
    if (!subscribers_[i].promised) continue;
    for (const auto& [id, arrivals] : subscribers_[i].streams) {
      const Stream& stream = streams_[id];
      const std::string name =
          "subscriber " + std::to_string(i) + ", stream " + std::to_string(id) + ", message ";
      if (NewestMissing(stream, arrivals)) {
        faults.push_back(name + std::to_string(stream.newest) + ": never came, nor a later one");
      }
      if (stream.kind == StreamKind::kNewest) continue;
      for (std::size_t n = arrivals.from; n < stream.promises.size(); ++n) {
        if (Missing(stream, arrivals, n)) faults.push_back(name + std::to_string(n) + ": lost");
      }
    }
  }
  if (faults.size() > kMostFaults) faults.resize(kMostFaults);
  return faults;
}

bool Ledger::Missing(const Stream& stream, const Arrivals& arrivals, std::size_t number) {
  return stream.promises[number] == Promise::kAccepted && number >= arrivals.from &&
         (number >= arrivals.life.size() || arrivals.life[number] == 0);
}

bool Ledger::NewestMissing(const Stream& stream, const Arrivals& arrivals) {
  return stream.kind == StreamKind::kNewest && arrivals.newest < stream.newest &&
         stream.newest >= static_cast<std::int64_t>(arrivals.from);
}

void Ledger::Fault(std::size_t& count, const std::string& line) {
  ++count;
  if (faults_.size() < kMostFaults) faults_.push_back(line);
}

}  // namespace websub::tests
