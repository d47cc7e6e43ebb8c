// All of the library as a C++20 module: import ehlo; what is in namespace detail is not exported. Opt-in headers but for
// scram.hpp, which needs nothing, are not in it.
module;

#include <ehlo/ehlo.hpp>
#include <ehlo/scram.hpp>

export module ehlo;

// tests/module/names.py keeps the list, and compares it with the headers.
// names: begin
export namespace ehlo {
using ehlo::abandoned, ehlo::answer, ehlo::answer_count, ehlo::answer_of, ehlo::answered, ehlo::attribute_tempunavail;
using ehlo::attribute_unavailable, ehlo::auth_answer, ehlo::auth_response, ehlo::awaits, ehlo::bare_octets;
using ehlo::base64_encoder, ehlo::base64_size, ehlo::basic_server, ehlo::basic_session, ehlo::begins_with_challenge;
using ehlo::blame, ehlo::blame_of, ehlo::body, ehlo::body_names, ehlo::by_mode, ehlo::capabilities, ehlo::capability;
using ehlo::challenge, ehlo::change, ehlo::charset, ehlo::check, ehlo::check_base64, ehlo::chunk_decoder;
using ehlo::chunk_reader, ehlo::class_of, ehlo::clear_text_mechanisms, ehlo::client, ehlo::client_attribute;
using ehlo::client_attribute_count, ehlo::client_attribute_names, ehlo::client_attributes, ehlo::client_reply;
using ehlo::client_settings, ehlo::client_timeout, ehlo::client_with, ehlo::command_line, ehlo::command_reader;
using ehlo::connected, ehlo::content, ehlo::content_block_timeout, ehlo::content_decoder, ehlo::content_encoder;
using ehlo::content_piece, ehlo::custom_parameter, ehlo::date_time, ehlo::date_time_rules, ehlo::days_of_month;
using ehlo::decode_auth_response, ehlo::decode_base64, ehlo::decoded_content, ehlo::deliver_by, ehlo::departure;
using ehlo::departure_names, ehlo::direction, ehlo::direction_names, ehlo::domain_list, ehlo::dot_line;
using ehlo::dot_line_names, ehlo::dot_lines, ehlo::early_octets, ehlo::effect, ehlo::ehlo_answer, ehlo::encode_base64;
using ehlo::encoded_content, ehlo::end_of_content, ehlo::errc, ehlo::errc_facts, ehlo::errc_table, ehlo::etrn_option;
using ehlo::event, ehlo::event_count, ehlo::event_facts, ehlo::event_of, ehlo::event_set, ehlo::event_table;
using ehlo::exempt_of, ehlo::extension, ehlo::extension_count, ehlo::extension_facts, ehlo::extension_of;
using ehlo::extension_table, ehlo::extensions, ehlo::fact, ehlo::fact_count, ehlo::fact_names, ehlo::fact_set;
using ehlo::facts, ehlo::facts_of, ehlo::fail, ehlo::failure, ehlo::find_attribute, ehlo::find_bad_utf8;
using ehlo::find_extension, ehlo::find_login_prompt, ehlo::find_mechanism, ehlo::find_parameter, ehlo::find_verb;
using ehlo::given, ehlo::has_attribute, ehlo::hexchar_case, ehlo::hold_limits, ehlo::host, ehlo::host_kind, ehlo::iequals;
using ehlo::in_transaction, ehlo::ip_address, ehlo::is_ascii, ehlo::is_continued_nonce, ehlo::is_digit, ehlo::is_dovecot;
using ehlo::is_leap_year, ehlo::is_mechanism, ehlo::is_pipelined, ehlo::is_positive, ehlo::is_reply_code, ehlo::is_string;
using ehlo::istarts_with, ehlo::leniency, ehlo::line_increment, ehlo::line_reader, ehlo::mail_options;
using ehlo::mail_parameters, ehlo::mailbox, ehlo::make_scram_proof, ehlo::make_scram_signature, ehlo::max_attribute;
using ehlo::max_auth_command, ehlo::max_auth_line, ehlo::max_mechanism, ehlo::max_proxy_v1, ehlo::max_proxy_v2;
using ehlo::max_reply_line, ehlo::meaning, ehlo::mechanism, ehlo::mechanism_count, ehlo::mechanism_names;
using ehlo::mechanisms, ehlo::message, ehlo::name, ehlo::never_to, ehlo::no_support_action, ehlo::notify, ehlo::observed;
using ehlo::observed_both, ehlo::observer, ehlo::observer_settings, ehlo::observer_with, ehlo::observing;
using ehlo::octet_table, ehlo::of_replies, ehlo::of_spelling, ehlo::operator|, ehlo::order_check, ehlo::order_is_right;
using ehlo::original_recipient, ehlo::outcome, ehlo::outcome_names, ehlo::own_event_count, ehlo::own_order;
using ehlo::own_parameters, ehlo::parameter, ehlo::parameter_access, ehlo::parameter_count, ehlo::parameter_facts;
using ehlo::parameter_id, ehlo::parameter_ids, ehlo::parameter_list, ehlo::parameter_range, ehlo::parameters_of;
using ehlo::parse_alt_address, ehlo::parse_anonymous, ehlo::parse_atrn, ehlo::parse_auth, ehlo::parse_auth_identity;
using ehlo::parse_auth_response, ehlo::parse_bdat, ehlo::parse_body, ehlo::parse_burl, ehlo::parse_by;
using ehlo::parse_capabilities, ehlo::parse_challenge, ehlo::parse_cram_md5, ehlo::parse_date_time, ehlo::parse_decimal;
using ehlo::parse_domain, ehlo::parse_ehlo_answer, ehlo::parse_envid, ehlo::parse_etrn, ehlo::parse_external;
using ehlo::parse_forward_path, ehlo::parse_hello, ehlo::parse_holdfor, ehlo::parse_holduntil, ehlo::parse_host;
using ehlo::parse_ip_address, ehlo::parse_login, ehlo::parse_mail, ehlo::parse_mail_parameters, ehlo::parse_mailbox;
using ehlo::parse_mechanisms, ehlo::parse_mt_priority, ehlo::parse_mtrk, ehlo::parse_no_argument, ehlo::parse_noop;
using ehlo::parse_notify, ehlo::parse_oauthbearer, ehlo::parse_orcpt, ehlo::parse_path, ehlo::parse_plain;
using ehlo::parse_proxy_header, ehlo::parse_rcpt, ehlo::parse_rcpt_parameters, ehlo::parse_reply, ehlo::parse_ret;
using ehlo::parse_reverse_path, ehlo::parse_rrvs, ehlo::parse_scram_client_final, ehlo::parse_scram_client_first;
using ehlo::parse_scram_server_final, ehlo::parse_scram_server_first, ehlo::parse_size, ehlo::parse_solicit;
using ehlo::parse_status, ehlo::parse_submitter, ehlo::parse_transid, ehlo::parse_vrfy, ehlo::parse_xclient;
using ehlo::parse_xoauth2, ehlo::parse_xtext, ehlo::path, ehlo::path_access, ehlo::path_kind, ehlo::path_role;
using ehlo::policy, ehlo::progress, ehlo::protocol_with, ehlo::prove, ehlo::proxy_family, ehlo::proxy_family_names;
using ehlo::proxy_header, ehlo::proxy_limits, ehlo::proxy_path_size, ehlo::proxy_ssl, ehlo::proxy_tlv;
using ehlo::proxy_tlv_type, ehlo::proxy_tlvs, ehlo::rcpt_options, ehlo::rcpt_parameters, ehlo::registered_parameters;
using ehlo::relay, ehlo::relay_extensions, ehlo::relay_mechanisms, ehlo::relay_policy, ehlo::relay_say, ehlo::relay_want;
using ehlo::relay_want_names, ehlo::relay_with, ehlo::relayed, ehlo::relayed_reply, ehlo::replies_due, ehlo::replies_of;
using ehlo::reply, ehlo::reply_class, ehlo::reply_for, ehlo::reply_limits, ehlo::reply_lines, ehlo::reply_meaning;
using ehlo::reply_meanings, ehlo::reply_reader, ehlo::reply_view, ehlo::result, ehlo::ret, ehlo::ret_names, ehlo::rule;
using ehlo::rule_count, ehlo::rule_names, ehlo::rule_of_order, ehlo::rule_of_order_count, ehlo::same_domain;
using ehlo::same_local_part, ehlo::same_mailbox, ehlo::same_secret, ehlo::saslname, ehlo::scram_hash;
using ehlo::scram_transcript, ehlo::server, ehlo::server_extensions, ehlo::server_limits, ehlo::server_timeout;
using ehlo::server_with, ehlo::service, ehlo::session, ehlo::set_of, ehlo::sight, ehlo::situation, ehlo::smtp_protocol;
using ehlo::solicitations, ehlo::source_route, ehlo::split_capability, ehlo::split_command, ehlo::state;
using ehlo::state_count, ehlo::state_names, ehlo::state_set, ehlo::status, ehlo::status_meaning, ehlo::status_meanings;
using ehlo::stay_in, ehlo::step, ehlo::strict, ehlo::strict_syntax, ehlo::syntax, ehlo::table_check, ehlo::table_fault;
using ehlo::table_finding, ehlo::table_is_right, ehlo::take_path, ehlo::tap, ehlo::tls_use, ehlo::to_date_time;
using ehlo::to_options, ehlo::to_upper, ehlo::tracking, ehlo::transaction, ehlo::transaction_id, ehlo::transition;
using ehlo::transition_table, ehlo::unix_seconds, ehlo::unquoted, ehlo::utf8_length, ehlo::valid_since, ehlo::verb;
using ehlo::verb_count, ehlo::verb_facts, ehlo::verb_names, ehlo::verb_table, ehlo::verdict, ehlo::verdict_names;
using ehlo::verdict_of, ehlo::verify_cram_md5, ehlo::verify_scram_proof, ehlo::verify_scram_server, ehlo::version;
using ehlo::version_major, ehlo::version_minor, ehlo::version_patch, ehlo::visit_command, ehlo::walk, ehlo::want;
using ehlo::want_count, ehlo::want_names, ehlo::write_alt_address, ehlo::write_argument, ehlo::write_atrn;
using ehlo::write_auth, ehlo::write_auth_cancel, ehlo::write_auth_identity, ehlo::write_auth_response, ehlo::write_bdat;
using ehlo::write_body, ehlo::write_burl, ehlo::write_by, ehlo::write_capabilities, ehlo::write_challenge;
using ehlo::write_cram_md5_digest, ehlo::write_date_time, ehlo::write_decoded, ehlo::write_ehlo_answer, ehlo::write_envid;
using ehlo::write_etrn, ehlo::write_hello, ehlo::write_holdfor, ehlo::write_holduntil, ehlo::write_ip_address;
using ehlo::write_local_part, ehlo::write_mail, ehlo::write_mechanisms, ehlo::write_message, ehlo::write_mt_priority;
using ehlo::write_mtrk, ehlo::write_no_argument, ehlo::write_notify, ehlo::write_orcpt, ehlo::write_parameter;
using ehlo::write_parameters, ehlo::write_path, ehlo::write_proxy_header, ehlo::write_proxy_ssl, ehlo::write_proxy_tlv;
using ehlo::write_rcpt, ehlo::write_relayed_forward_path, ehlo::write_relayed_reverse_path, ehlo::write_reply;
using ehlo::write_ret, ehlo::write_rrvs, ehlo::write_scram_channel, ehlo::write_size, ehlo::write_solicit;
using ehlo::write_status, ehlo::write_submitter, ehlo::write_transid, ehlo::write_unescaped, ehlo::write_unquoted;
using ehlo::write_xclient, ehlo::write_xtext, ehlo::writer, ehlo::xtext;
}

export namespace ehlo::chars {
using ehlo::chars::alpha, ehlo::chars::atext, ehlo::chars::base64_char, ehlo::chars::bearer_char, ehlo::chars::cb_name;
using ehlo::chars::dcontent, ehlo::chars::digit, ehlo::chars::esmtp_keyword, ehlo::chars::esmtp_value;
using ehlo::chars::hexdig, ehlo::chars::ldh, ehlo::chars::let_dig, ehlo::chars::mech_char, ehlo::chars::non_ascii;
using ehlo::chars::not_escape, ehlo::chars::not_escaped, ehlo::chars::oauth_value, ehlo::chars::qtext;
using ehlo::chars::quoted_pair, ehlo::chars::scram_printable, ehlo::chars::scram_safe_char, ehlo::chars::scram_value_char;
using ehlo::chars::text_char, ehlo::chars::textstring, ehlo::chars::unsafe, ehlo::chars::vchar, ehlo::chars::wsp;
using ehlo::chars::xchar, ehlo::chars::xoauth2_char;
}

export namespace ehlo::cmd {
using ehlo::cmd::atrn, ehlo::cmd::auth, ehlo::cmd::bdat, ehlo::cmd::burl, ehlo::cmd::data, ehlo::cmd::etrn;
using ehlo::cmd::hello, ehlo::cmd::mail, ehlo::cmd::no_argument, ehlo::cmd::noop, ehlo::cmd::onex, ehlo::cmd::quit;
using ehlo::cmd::rcpt, ehlo::cmd::rset, ehlo::cmd::starttls, ehlo::cmd::turn, ehlo::cmd::vrfy, ehlo::cmd::xclient;
}

export namespace ehlo::flow {
using ehlo::flow::answered, ehlo::flow::awaiting, ehlo::flow::connected, ehlo::flow::pipeline, ehlo::flow::place;
using ehlo::flow::resumed, ehlo::flow::session;
}

export namespace ehlo::replies {
using ehlo::replies::authenticated, ehlo::replies::authentication_fails_now, ehlo::replies::authentication_required;
using ehlo::replies::bad_credentials, ehlo::replies::bye, ehlo::replies::cannot_verify, ehlo::replies::chunk_received;
using ehlo::replies::each_recipient, ehlo::replies::encryption_required, ehlo::replies::help;
using ehlo::replies::mechanism_too_weak, ehlo::replies::message_accepted, ehlo::replies::no_mail_here;
using ehlo::replies::no_such_user, ehlo::replies::ok, ehlo::replies::password_transition_needed;
using ehlo::replies::recipient_ok, ehlo::replies::sender_ok, ehlo::replies::shutting_down, ehlo::replies::start_content;
using ehlo::replies::try_later;
}

export namespace ehlo::sasl {
using ehlo::sasl::anonymous, ehlo::sasl::binding, ehlo::sasl::cram_md5, ehlo::sasl::external, ehlo::sasl::gs2_header;
using ehlo::sasl::login, ehlo::sasl::login_password, ehlo::sasl::login_prompt, ehlo::sasl::login_user_name;
using ehlo::sasl::oauth_error_seen, ehlo::sasl::oauthbearer, ehlo::sasl::plain, ehlo::sasl::scram_client_final;
using ehlo::sasl::scram_client_first, ehlo::sasl::scram_server_final, ehlo::sasl::scram_server_first, ehlo::sasl::xoauth2;
}

export namespace ehlo::seen {
using ehlo::seen::command, ehlo::seen::content, ehlo::seen::departed, ehlo::seen::end_of_content, ehlo::seen::in_step;
using ehlo::seen::of, ehlo::seen::place, ehlo::seen::reply, ehlo::seen::response, ehlo::seen::tls;
using ehlo::seen::transaction, ehlo::seen::unanswered;
}
// names: end
