// Takes out of a report what is nobody else's business: the user's name, and home folders.
#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <string_view>

#include "doctor/print.h"
#include "system/text.h"

namespace evergpu::doctor {
namespace {

using nlohmann::json;

/// Changes every text in a JSON value.
template <typename Change>
json changed(const json& value, const Change& change) {
  if (value.is_string()) return change(value.get<std::string>());
  json result = value;
  if (result.is_structured()) {  // a number, iterated over, is its own only element
    for (json& child : result) child = changed(child, change);
  }
  return result;
}

bool is_part_of_a_name(const std::string& text, std::size_t at) {
  if (at >= text.size()) return false;
  const unsigned char letter = static_cast<unsigned char>(text[at]);
  return std::isalnum(letter) != 0 || letter == '_' || letter == '-' || letter >= 0x80;
}

/// Replaces words that end where a name ends, in either case: Windows knows no difference in paths.
std::string replaced(std::string text, const std::string& words, const std::string& by) {
  const std::string wanted = system::lower(words);
  std::size_t at = system::lower(text).find(wanted);
  while (at != std::string::npos) {
    if (is_part_of_a_name(text, at + words.size())) {
      ++at;
    } else {
      text.replace(at, words.size(), by);
      at += by.size();
    }
    at = system::lower(text).find(wanted, at);
  }
  return text;
}

/// Whoever's home folder a path names: the user of Windows around WSL is another one, too.
std::string without_user_folders(std::string text) {
  for (const std::string_view parent :
       {"/home/", "/users/", "\\users\\", "\\documents and settings\\"}) {
    std::size_t at = system::lower(text).find(parent);
    while (at != std::string::npos) {
      const std::size_t begin = at + parent.size();
      // A name may hold spaces; the next folder, a list's next path or a quotation mark ends it.
      const std::size_t end = std::min(text.find_first_of("/\\:;\"'", begin), text.size());
      if (end > begin) text.replace(begin, end - begin, "user");
      at = system::lower(text).find(parent, begin);
    }
  }
  return text;
}

/// A name as a word of its own.
std::string without_word(std::string text, const std::string& word) {
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    if ((at == 0 || !is_part_of_a_name(text, at - 1)) && !is_part_of_a_name(text, at + word.size()))
      text.replace(at, word.size(), "user");
  }
  return text;
}

}  // namespace

json without_private_words(const json& report, const Machine& machine) {
  std::string user = machine.home.substr(machine.home.find_last_of("/\\") + 1);
  if (user == "root") user.clear();
  json result = changed(report, [&](std::string text) {
    if (machine.home.size() > 1) text = replaced(std::move(text), machine.home, "~");
    text = without_user_folders(std::move(text));
    if (user.empty()) return text;
    text = replaced(std::move(text), "/" + user, "/user");
    text = replaced(std::move(text), "\\" + user, "\\user");
    return text;
  });
  // What Python or TensorFlow printed can name the user anywhere.
  if (!user.empty()) {
    json& reason = result["training"]["reason"];
    reason = without_word(reason.get<std::string>(), user);
  }
  return result;
}

}  // namespace evergpu::doctor
